import type { AppConfig, JwtAlgorithm } from '../config/app-config.js';
import type { SigningKey } from './signing-key.entity.js';

/** The JWKS may be cached for this long, as its answer says. */
export const JWKS_CACHE_SECONDS = 600;

/** Within this time every replica knows a key that one of them has stored, also when no news comes through. */
export const KNOWN_WITHIN_SECONDS = 60;

/** When a key signs and verifies, in milliseconds since the epoch, by the clock of whoever asks. */
export interface KeyTimes {
  readonly signsFromMs: number;
  /** `Infinity` while there is no key to follow it. */
  readonly verifiesUntilMs: number;
}

/** A key as operators see it: nothing that signs is in it. */
export interface KeyLife extends KeyTimes {
  readonly kid: string;
  readonly algorithm: JwtAlgorithm;
  readonly state: 'next' | 'current' | 'previous' | 'killed' | 'over';
}

type Row = Pick<SigningKey, 'kid' | 'algorithm' | 'signsFrom' | 'revokedAt'>;

/**
 * How long a key is published before it signs: until then the caches of the JWKS have run out and every replica knows
 * it, also one whose clock is ahead by the leeway.
 */
export function leadSeconds({ bearerToken }: AppConfig): number {
  return JWKS_CACHE_SECONDS + KNOWN_WITHIN_SECONDS + bearerToken.leewaySeconds;
}

/**
 * A key verifies until the last token that it may have signed is over: one overlap, which is TTL and leeway, after its
 * successor began. A killed key that never signed is nobody's successor.
 */
export function timesOf(row: Row, rows: readonly Row[], overlapMs: number): KeyTimes {
  const signsFromMs = row.signsFrom.getTime();
  if (row.revokedAt) return { signsFromMs, verifiesUntilMs: row.revokedAt.getTime() };
  const begins = rows.filter(signsAtAll).map(({ signsFrom }) => signsFrom.getTime());
  // The least of none is Infinity.
  const successorMs = Math.min(...begins.filter((beginMs) => beginMs > signsFromMs));
  return { signsFromMs, verifiesUntilMs: successorMs + overlapMs };
}

function signsAtAll({ signsFrom, revokedAt }: Row): boolean {
  return revokedAt === null || revokedAt > signsFrom;
}

/**
 * Which of these keys, in the order in which they begin, signs: the one that began last. So all replicas agree without
 * a word. Before the first begins, as by a clock that is behind that of its maker, it is that one.
 */
export function signingOf<T extends KeyTimes>(keys: readonly T[], nowMs: number): T | undefined {
  const living = keys.filter(({ verifiesUntilMs }) => nowMs < verifiesUntilMs);
  return living.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? living[0];
}

/** The state of every key. @param rows in the order in which they begin */
export function livesOf(rows: readonly Row[], nowMs: number, overlapMs: number): KeyLife[] {
  const keys = rows.map((row) => ({ row, ...timesOf(row, rows, overlapMs) }));
  const current = signingOf(
    keys.filter(({ row }) => !row.revokedAt),
    nowMs,
  );
  return keys.map((key) => {
    const { kid, algorithm } = key.row;
    const { signsFromMs, verifiesUntilMs } = key;
    return { kid, algorithm, signsFromMs, verifiesUntilMs, state: stateOf(key, key === current, nowMs) };
  });
}

function stateOf(
  { row, signsFromMs, verifiesUntilMs }: KeyTimes & { row: Row },
  isCurrent: boolean,
  nowMs: number,
): KeyLife['state'] {
  if (row.revokedAt) return 'killed';
  if (nowMs >= verifiesUntilMs) return 'over';
  if (isCurrent) return 'current';
  return signsFromMs > nowMs ? 'next' : 'previous';
}
