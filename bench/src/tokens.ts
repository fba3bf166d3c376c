import type { Bench } from './bench.js';
import { Server } from './child.js';
import { populate, sessionId } from './people.js';
import type { TokenBundle } from './tokenhouse.js';

export interface IssuedTokens {
  readonly databaseUrl: string;
  readonly bundles: TokenBundle[];
}

/** A new database with so many people, and the tokens of a session each. Nothing is left running. */
export async function issueTokens(bench: Bench, count: number): Promise<IssuedTokens> {
  const databaseUrl = await bench.database();
  const issuer = await Server.start(bench, 'host-app', await bench.environment(databaseUrl));
  await populate(databaseUrl, { users: count, sessionsEach: 1 });
  const bundles = await issuer.call<TokenBundle[]>('issue', sessionIds(count));
  await issuer.stop();
  return { databaseUrl, bundles };
}

/** Of the first `count` sessions. */
export function sessionIds(count: number): string[] {
  return Array.from({ length: count }, (_, n) => sessionId(n));
}
