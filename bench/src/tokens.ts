import type { Bench } from './bench.js';
import { Server } from './child.js';
import { populate, sessionId } from './people.js';
import type { Environment, TokenBundle } from './tokenhouse.js';

/**
 * Starts `name`, one of the servers that issue tokens, on an empty database, fills that with so many people, and has it
 * issue the tokens of a session each.
 */
export async function startIssuing(
  bench: Bench,
  name: string,
  environment: Environment,
  count: number,
): Promise<{ server: Server; bundles: TokenBundle[] }> {
  const server = await Server.start(bench, name, environment);
  await populate(String(environment.DATABASE_URL), { users: count, sessionsEach: 1 });
  return { server, bundles: await server.call<TokenBundle[]>('issue', sessionIds(count)) };
}

/** A new database with so many people, and a token of each. Nothing is left running. */
export async function issueTokens(
  bench: Bench,
  count: number,
): Promise<{ databaseUrl: string; tokens: string[] }> {
  const databaseUrl = await bench.database();
  const { server, bundles } = await startIssuing(
    bench,
    'host-app',
    await bench.environment(databaseUrl),
    count,
  );
  await server.stop();
  return { databaseUrl, tokens: bundles.map(({ token }) => token) };
}

/** Of the first `count` sessions. */
export function sessionIds(count: number): string[] {
  return Array.from({ length: count }, (_, n) => sessionId(n));
}
