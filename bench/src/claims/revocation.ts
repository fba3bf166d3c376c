import type { Bench } from '../bench.js';
import { Server } from '../child.js';
import type { Claim, Outcome } from '../claim.js';
import { type Figure, maximumFigure, percentileFigure } from '../figure.js';
import { HttpClient } from '../http-client.js';
import type { Answered, Load } from '../load.js';
import { answersRedis, REDIS_URL } from '../redis.js';
import { Service } from '../service.js';
import { maximum } from '../statistics.js';
import type { Environment } from '../tokenhouse.js';
import { issueTokens } from '../tokens.js';

const REPLICAS = 3;
/** Guarded requests that are always under way on each replica meanwhile. */
const LOAD_CONNECTIONS_EACH = 5;
const LOAD_TOKENS = 30;
/** Any guarded route. */
const ROUTE = '/api/auth/session';
const PATIENCE_MS = 15_000;

/** From the answer to a sign-out until every replica refuses that session's token. */
export const revocation: Claim = {
  name: 'revocation',
  title: 'Revocation, three replicas under load, PostgreSQL as the channel',
  limitSeconds: 150,
  run: (bench) => measure(bench, 'revocation', 'until three replicas refuse'),
};

export const revocationRedis: Claim = {
  name: 'revocation-redis',
  title: 'Revocation, three replicas under load, Redis as the channel',
  notQuick: 'the same as `revocation`, by way of Redis',
  limitSeconds: 150,
  async run(bench) {
    if (!(await answersRedis()))
      return { figures: [], notes: [`No Redis answers at ${REDIS_URL}: not measured.`] };
    return measure(bench, 'revocationRedis', 'until three replicas refuse, with Redis', { REDIS_URL });
  },
};

async function measure(
  bench: Bench,
  key: string,
  claim: string,
  changes: Environment = {},
): Promise<Outcome> {
  const rounds = bench.quick ? 50 : 500;
  const { databaseUrl, bundles } = await issueTokens(bench, LOAD_TOKENS + rounds);
  const environment = await bench.environment(databaseUrl, changes);
  const replicas = await Promise.all(
    Array.from({ length: REPLICAS }, () => Service.start(bench, environment)),
  );
  const tokens = bundles.map(({ token }) => token);
  const load = await startLoad(bench, replicas, tokens.splice(0, LOAD_TOKENS));
  const delaysMs = await revokeEach(bench, replicas, tokens);
  const { perSecond } = await load.call<Answered>('stop');
  return {
    figures: figuresOf(key, claim, delaysMs),
    notes: [
      `${claim}: meanwhile the replicas together answered ${Math.round(perSecond)} guarded requests/s.`,
    ],
  };
}

async function startLoad(bench: Bench, replicas: Service[], tokens: string[]): Promise<Server> {
  const generator = await Server.start(bench, 'load-generator');
  await generator.call('start', {
    url: replicas.map(({ url }) => url + ROUTE),
    connections: LOAD_CONNECTIONS_EACH * replicas.length,
    headers: tokens.map((token) => ({ authorization: `Bearer ${token}` })),
    // Until it is stopped.
    seconds: 3_600,
  } satisfies Load);
  return generator;
}

/** Ends one session after the other, by one replica after the other. @returns milliseconds */
async function revokeEach(bench: Bench, replicas: Service[], tokens: string[]): Promise<number[]> {
  const clients = replicas.map(({ url }) => new HttpClient(url, 1));
  bench.cleanup.add(async () => clients.forEach((client) => client.close()));
  const delaysMs: number[] = [];
  for (const [round, token] of tokens.entries()) {
    for (const client of clients) expectStatus(200, (await client.get(ROUTE, { token })).status);
    const revoker = clients[round % clients.length] as HttpClient;
    expectStatus(204, (await revoker.post('/api/auth/logout', {}, { token })).status);
    const revokedAtMs = performance.now();
    const refused = await Promise.all(clients.map((client) => untilRefused(client, token)));
    delaysMs.push(maximum(refused) - revokedAtMs);
    if (round % 100 === 99) bench.progress(`${round + 1} of ${tokens.length} sessions revoked`);
  }
  return delaysMs;
}

/** Asks again and again. @returns when the refusal had arrived, by `performance.now()` */
async function untilRefused(client: HttpClient, token: string): Promise<number> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const { status } = await client.get(ROUTE, { token });
    if (status === 401) return performance.now();
    expectStatus(200, status);
    if (performance.now() > deadlineMs) throw new Error('A revoked token is accepted still.');
  }
}

function expectStatus(expected: number, status: number): void {
  if (status !== expected) throw new Error(`Answered with ${status} instead of ${expected}.`);
}

function figuresOf(key: string, claim: string, delaysMs: number[]): Figure[] {
  const unit = 'ms';
  return [
    percentileFigure({ key: `${key}P50Ms`, claim: `${claim}: median`, unit }, delaysMs, 50),
    percentileFigure(
      { key: `${key}P99Ms`, claim: `${claim}: 99th percentile`, unit, goal: { atMost: 50 } },
      delaysMs,
      99,
    ),
    maximumFigure(
      { key: `${key}MaxMs`, claim: `${claim}: longest`, unit, goal: { atMost: 1_000 } },
      delaysMs,
    ),
  ];
}
