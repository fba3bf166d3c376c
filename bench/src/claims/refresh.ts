import type { Bench } from '../bench.js';
import { Server } from '../child.js';
import type { Claim, Outcome } from '../claim.js';
import { medianFigure } from '../figure.js';
import { CONNECTIONS, exchange } from '../load.js';
import { populate } from '../people.js';
import { inTurn } from '../rounds.js';
import { ratios } from '../statistics.js';
import type { TokenBundle } from '../tokenhouse.js';
import { sessionIds } from '../tokens.js';

/** In turn: how often a single one may be refreshed is limited. */
const SESSIONS_EACH = 8;
const SESSIONS = CONNECTIONS * SESSIONS_EACH;

/** Refreshing, against the one statement that it cannot do without. */
export const refresh: Claim = {
  name: 'refresh',
  title: `Refreshing, ${CONNECTIONS} connections with ${SESSIONS_EACH} sessions each`,
  limitSeconds: 90,
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const rounds = bench.quick ? 3 : 5;
  const seconds = bench.quick ? 0.5 : 4;
  const databaseUrl = await bench.database();
  const server = await Server.start(bench, 'host-app', await bench.environment(databaseUrl));
  const sids = sessionIds(2 * (1 + rounds) * SESSIONS);
  await populate(databaseUrl, { users: sids.length, sessionsEach: 1 });
  // Never a session that a former measurement was about: its last request may still be under way.
  const measurements = {
    refreshes: () => refreshesPerSecond(server, sids.splice(0, SESSIONS), seconds),
    updates: () => updatesPerSecond(server, sids.splice(0, SESSIONS), seconds),
  };
  // Once before, to warm up.
  await inTurn(1, measurements);
  const { refreshes, updates } = await inTurn(rounds, measurements);
  const list = (rates: number[]): string => rates.map(Math.round).join(' ');
  bench.progress(`refreshes/s ${list(refreshes)}; updates/s ${list(updates)}`);
  const claim = 'refreshes / a bare route of the same application that runs one such UPDATE';
  const goal = { atLeast: 0.7 };
  return {
    figures: [
      medianFigure({ key: 'refreshVsBareUpdate', claim, unit: '×', goal }, ratios(refreshes, updates)),
    ],
  };
}

async function refreshesPerSecond(server: Server, sids: string[], seconds: number): Promise<number> {
  const bundles = await server.call<TokenBundle[]>('issue', sids);
  const { perSecond } = await exchange({
    url: `${server.url}/api/auth/refresh`,
    seconds,
    connections: CONNECTIONS,
    bodies: bundles.map(({ refreshToken }) => JSON.stringify({ refreshToken })),
    next: (answer) => `{${found(answer, /"refreshToken":"[^"]+"/)}}`,
  });
  return perSecond;
}

async function updatesPerSecond(server: Server, sids: string[], seconds: number): Promise<number> {
  const { perSecond } = await exchange({
    url: `${server.url}/api/bench/update`,
    seconds,
    connections: CONNECTIONS,
    bodies: sids.map((sid) => JSON.stringify({ sid, generation: 0 })),
    next: (answer) => found(answer, /\{"sid":"[^"]+","generation":\d+\}/),
  });
  return perSecond;
}

function found(answer: string, pattern: RegExp): string {
  const [match] = pattern.exec(answer) ?? [];
  if (match === undefined) throw new Error(`Unexpected: ${answer}`);
  return match;
}
