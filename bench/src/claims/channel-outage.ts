import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import type { Claim, Outcome } from '../claim.js';
import { type Figure, maximumFigure } from '../figure.js';
import { HttpClient } from '../http-client.js';
import { answersRedis, REDIS_URL } from '../redis.js';
import { revoke, untilAccepted } from '../revocations.js';
import { Service } from '../service.js';
import { type Link, TcpProxy } from '../tcp-proxy.js';
import { issueTokens } from '../tokens.js';

const ROUTE = '/api/auth/session';
const ROUNDS = 3;
const GOAL_MS = 3_000;
/** How long it is watched, and how often it is asked. */
const WATCHED_MS = 5_000;
const EVERY_MS = 10;
const PATIENCE_MS = 30_000;
/** Before each outage, so that the replica follows the news again. */
const SETTLED_MS = 1_500;

const isNews = ({ application }: Link): boolean => application === 'tokenhouse news';
const isAny = (): boolean => true;

/** What can happen to a replica's network. */
const OUTAGES = [
  { key: 'ChannelCut', claim: 'news connection cut', server: 'postgres', how: 'cut', who: isNews },
  { key: 'ChannelFrozen', claim: 'news connection frozen', server: 'postgres', how: 'freeze', who: isNews },
  { key: 'DatabaseCut', claim: 'all of PostgreSQL cut', server: 'postgres', how: 'cut', who: isAny },
  { key: 'DatabaseFrozen', claim: 'all of PostgreSQL frozen', server: 'postgres', how: 'freeze', who: isAny },
  { key: 'RedisCut', claim: 'Redis as the channel, cut', server: 'redis', how: 'cut', who: isAny },
  { key: 'RedisFrozen', claim: 'Redis as the channel, frozen', server: 'redis', how: 'freeze', who: isAny },
] as const;

type Outage = (typeof OUTAGES)[number];

/** How long after a revocation in one replica another one, which cannot hear of it, still accepts the token. */
export const channelOutage: Claim = {
  name: 'channel-outage',
  title: 'Last acceptance after a revocation that a replica cannot hear of',
  notQuick: 'it waits for silence, again and again',
  limitSeconds: 300,
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const redis = await answersRedis();
  const outages = OUTAGES.filter(({ server }) => redis || server !== 'redis');
  const { databaseUrl, tokens } = await issueTokens(bench, outages.length * ROUNDS);
  const figures: Figure[] = [];
  for (const outage of outages)
    figures.push(await measure(bench, databaseUrl, outage, tokens.splice(0, ROUNDS)));
  return { figures, notes: redis ? [] : [`No Redis answers at ${REDIS_URL}: not measured.`] };
}

async function measure(bench: Bench, databaseUrl: string, outage: Outage, tokens: string[]): Promise<Figure> {
  const { key, claim, server, how, who } = outage;
  const { proxy, url } = await TcpProxy.open(bench, server === 'redis' ? REDIS_URL : databaseUrl);
  const direct = server === 'redis' ? { REDIS_URL } : {};
  const detour = server === 'redis' ? { REDIS_URL: url } : { DATABASE_URL: url };
  const revoker = await Service.start(bench, await bench.environment(databaseUrl, direct));
  const replica = await Service.start(bench, await bench.environment(databaseUrl, detour));
  const lastMs: number[] = [];
  for (const token of tokens) {
    await untilAccepted(replica.url + ROUTE, token);
    await sleep(SETTLED_MS);
    await untilAccepted(replica.url + ROUTE, token);
    proxy[how](who);
    lastMs.push(await lastAcceptance(revoker.url, replica.url, token, () => proxy.mend()));
    bench.progress(`${claim}: accepted for ${Math.round(lastMs.at(-1) ?? 0)} ms`);
  }
  await Promise.all([revoker.stop(), replica.stop()]);
  const goal = { atMost: GOAL_MS };
  return maximumFigure(
    { key: `lastAcceptance${key}Ms`, claim: `${claim}: last acceptance`, unit: 'ms', goal },
    lastMs,
  );
}

/**
 * Revokes, watches, and mends the network; what still hung then counts, too.
 * @returns milliseconds from the answer to the revocation to that of the last request accepted; 0: none was
 */
async function lastAcceptance(
  revokerUrl: string,
  replicaUrl: string,
  token: string,
  mend: () => void,
): Promise<number> {
  const revoker = new HttpClient(revokerUrl, 1);
  await revoke(revoker, token);
  revoker.close();
  const revokedAtMs = performance.now();
  // As many connections as it needs: a request that hangs must not hide the next.
  const client = new HttpClient(replicaUrl, Infinity);
  let lastMs = 0;
  const ask = async (): Promise<void> => {
    const answer = await client.get(ROUTE, { token, timeoutMs: PATIENCE_MS }).catch(() => null);
    if (answer?.status === 200) lastMs = performance.now() - revokedAtMs;
  };
  const asked: Promise<void>[] = [];
  for (; performance.now() - revokedAtMs < WATCHED_MS; await sleep(EVERY_MS)) asked.push(ask());
  mend();
  await Promise.all(asked);
  client.close();
  return lastMs;
}
