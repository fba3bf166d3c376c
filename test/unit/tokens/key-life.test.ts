import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../../src/config/app-config.js';
import { leadSeconds, livesOf, signingOf } from '../../../src/tokens/key-life.js';

const OVERLAP = 3660;

/** Rows that begin at these seconds, named in order; a pair is killed at the second one. */
function rows(...times: (number | [number, number])[]): Parameters<typeof livesOf>[0] {
  return times.map((time, index) => {
    const [signsFrom, revokedAt] = [time].flat();
    return {
      kid: 'abcdef'[index]!,
      algorithm: 'ES256',
      signsFrom: new Date(signsFrom! * 1000),
      revokedAt: revokedAt === undefined ? null : new Date(revokedAt * 1000),
    };
  });
}

/** `kid:state:end` of each key at that second. */
function at(seconds: number, keys: ReturnType<typeof rows>): string[] {
  const lives = livesOf(keys, seconds * 1000, OVERLAP * 1000);
  return lives.map(({ kid, state, verifiesUntilMs }) => `${kid}:${state}:${verifiesUntilMs / 1000}`);
}

describe('the life of a key', () => {
  it('next, current, previous, over: by time alone', () => {
    const keys = rows(0, 10_000);
    expect(at(9_999, keys)).toEqual(['a:current:13660', 'b:next:Infinity']);
    expect(at(10_000, keys)).toEqual(['a:previous:13660', 'b:current:Infinity']);
    expect(at(13_659, keys)).toEqual(['a:previous:13660', 'b:current:Infinity']);
    expect(at(13_660, keys)).toEqual(['a:over:13660', 'b:current:Infinity']);
  });

  it('several previous ones, when rotations follow each other quickly', () => {
    const keys = rows(0, 1_000, 2_000);
    expect(at(3_000, keys)).toEqual(['a:previous:4660', 'b:previous:5660', 'c:current:Infinity']);
  });

  it('before the first begins, the first signs: the clock of its maker was ahead', () => {
    expect(at(-5, rows(0, 700))).toEqual(['a:current:4360', 'b:next:Infinity']);
    expect(signingOf([], 0)).toBeUndefined();
  });

  it('a key that is killed while it waits leaves the current one as it was', () => {
    expect(at(60, rows(0, [700, 50]))).toEqual(['a:current:Infinity', 'b:killed:50']);
  });

  it('a key that signed and was killed ends its predecessor all the same', () => {
    const keys = rows(0, [700, 800], 801);
    expect(at(900, keys)).toEqual(['a:previous:4360', 'b:killed:800', 'c:current:Infinity']);
    expect(at(4_360, keys)[0]).toBe('a:over:4360');
  });

  it('the lead covers the caches of the JWKS, the replicas and their clocks', () => {
    const config = { bearerToken: { leewaySeconds: 300 } } as AppConfig;
    expect(leadSeconds(config)).toBe(600 + 60 + 300);
  });
});
