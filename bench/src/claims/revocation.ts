import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Bench, PUBLIC_URL } from '../bench.js';
import { Server } from '../child.js';
import type { Claim, Outcome } from '../claim.js';
import { type Figure, maximumFigure, percentileFigure } from '../figure.js';
import type { Answered, Load } from '../load.js';
import { answersRedis, REDIS_URL } from '../redis.js';
import { revokeEach, untilAccepted } from '../revocations.js';
import { Service } from '../service.js';
import { CLIENTS, type Environment } from '../tokenhouse.js';
import { issueTokens } from '../tokens.js';

const REPLICAS = 3;
/** Guarded requests that are always under way on each server meanwhile. */
const LOAD_CONNECTIONS_EACH = 5;
const LOAD_TOKENS = 30;

/** From the answer to a sign-out until everybody who checks tokens refuses that session's. */
export const revocation: Claim = {
  name: 'revocation',
  title: 'Revocation, three replicas under load, PostgreSQL as the channel',
  limitSeconds: 150,
  run: (bench) => measure(bench, { key: 'revocation', claim: 'until three replicas refuse', goalMs: 50 }),
};

export const revocationRedis: Claim = {
  name: 'revocation-redis',
  title: 'Revocation, three replicas under load, Redis as the channel',
  notQuick: 'the same as `revocation`, by way of Redis',
  limitSeconds: 150,
  async run(bench) {
    if (!(await answersRedis()))
      return { figures: [], notes: [`No Redis answers at ${REDIS_URL}: not measured.`] };
    const claim = 'until three replicas refuse, with Redis';
    return measure(bench, { key: 'revocationRedis', claim, goalMs: 50, changes: { REDIS_URL } });
  },
};

export const revocationClient: Claim = {
  name: 'revocation-client',
  title:
    'Revocation, three services elsewhere with `tokenhouse/client`, under load, each following another replica',
  notQuick: 'the same as `revocation`, further away',
  limitSeconds: 150,
  run: (bench) => {
    const claim = 'until three services elsewhere refuse';
    return measure(bench, { key: 'revocationClient', claim, goalMs: 250, checkedBy: startSiblings });
  },
};

interface Setting {
  readonly key: string;
  readonly claim: string;
  /** For the 99th percentile. */
  readonly goalMs: number;
  readonly changes?: Environment;
  /** Starts who checks the tokens. @returns guarded routes; without it those of the replicas */
  readonly checkedBy?: (bench: Bench, environment: Environment, replicas: Service[]) => Promise<string[]>;
}

async function measure(bench: Bench, setting: Setting): Promise<Outcome> {
  const { key, claim, goalMs, changes, checkedBy = ofReplicas } = setting;
  const rounds = bench.quick ? 40 : 500;
  const { databaseUrl, tokens } = await issueTokens(bench, LOAD_TOKENS + rounds);
  const environment = await bench.environment(databaseUrl, changes);
  const replicas = await Promise.all(
    Array.from({ length: REPLICAS }, () => Service.start(bench, environment)),
  );
  const routes = await checkedBy(bench, environment, replicas);
  const loadTokens = tokens.splice(0, LOAD_TOKENS);
  for (const route of routes) await untilAccepted(route, loadTokens[0] as string);
  const load = await startLoad(bench, routes, loadTokens);
  const delaysMs = await revokeEach(bench, { replicas: replicas.map(({ url }) => url), routes, tokens });
  const { perSecond } = await load.call<Answered>('stop');
  const answered = `meanwhile they answered ${Math.round(perSecond)} guarded requests/s together`;
  return { figures: figuresOf(key, claim, goalMs, delaysMs), notes: [`${claim}: ${answered}.`] };
}

async function ofReplicas(_bench: Bench, _environment: Environment, replicas: Service[]): Promise<string[]> {
  return replicas.map(({ url }) => `${url}/api/auth/session`);
}

/** One for each replica, whose feed it follows. */
async function startSiblings(bench: Bench, environment: Environment, replicas: Service[]): Promise<string[]> {
  const create = ['create', 'bench', '--scope', 'revocations:read', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [CLIENTS, ...create], {
    env: { ...environment },
  });
  const { id, secret } = JSON.parse(stdout) as { id: string; secret: string };
  const client = { ISSUER: PUBLIC_URL, CLIENT_ID: id, CLIENT_SECRET: secret };
  const siblings = replicas.map(({ url }) => Server.start(bench, 'sibling', { ...client, SERVICE_URL: url }));
  return (await Promise.all(siblings)).map(({ url }) => `${url}/guarded`);
}

async function startLoad(bench: Bench, routes: string[], tokens: string[]): Promise<Server> {
  const generator = await Server.start(bench, 'load-generator');
  await generator.call('start', {
    url: routes,
    connections: LOAD_CONNECTIONS_EACH * routes.length,
    headers: tokens.map((token) => ({ authorization: `Bearer ${token}` })),
    // Until it is stopped.
    seconds: 3_600,
  } satisfies Load);
  return generator;
}

function figuresOf(key: string, claim: string, goalMs: number, delaysMs: number[]): Figure[] {
  const unit = 'ms';
  const p99 = {
    key: `${key}P99Ms`,
    claim: `${claim}: 99th percentile`,
    unit,
    goal: { atMost: goalMs },
  } as const;
  return [
    percentileFigure({ key: `${key}P50Ms`, claim: `${claim}: median`, unit }, delaysMs, 50),
    percentileFigure(p99, delaysMs, 99),
    maximumFigure(
      { key: `${key}MaxMs`, claim: `${claim}: longest`, unit, goal: { atMost: 1_000 } },
      delaysMs,
    ),
  ];
}
