import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../../src/client/auth-client.options.js';
import { TokenDirectory } from '../../../src/client/token-directory.js';
import type { AccessTokenClaims } from '../../../src/tokens/access-token-claims.js';
import { SessionRevoked } from '../../../src/tokens/tokens.errors.js';
import { FrozenClock, NOW_SECONDS } from '../../support/bearer-tokens.fixture.js';

const HOUR = 3600;

function claims(changes: Partial<AccessTokenClaims> = {}): AccessTokenClaims {
  const times = { iat: NOW_SECONDS, nbf: NOW_SECONDS, exp: NOW_SECONDS + HOUR, auth_time: NOW_SECONDS };
  const names = { iss: 'i', aud: 'i', sub: 'ada', sid: 'one', client_id: 'c', jti: 'j' };
  return { ...names, ...times, ...changes };
}

function setUp(): { clock: FrozenClock; directory: TokenDirectory } {
  const clock = new FrozenClock();
  const settings = checkOptions({
    issuer: 'https://auth.test',
    clientId: 'id',
    clientSecret: 's',
    leewaySeconds: 300,
  });
  return { clock, directory: new TokenDirectory(clock, settings) };
}

/** Revoked now; of use as long as the service, with its leeway of a minute, says. */
const times = (notBefore = NOW_SECONDS): { notBeforeMs: number; expiresAtMs: number } => ({
  notBeforeMs: notBefore * 1000,
  expiresAtMs: (NOW_SECONDS + HOUR + 60) * 1000,
});

describe('TokenDirectory', () => {
  it('remembers a token until its time and the leeway are over', () => {
    const { clock, directory } = setUp();
    const kept = directory.learn('token', claims());
    expect(directory.recall('token')).toBe(kept);
    expect(Object.isFrozen(kept.claims)).toBe(true);
    clock.seconds += HOUR + 299;
    expect(directory.recall('token')).toBe(kept);
    clock.seconds += 1;
    expect(directory.recall('token')).toBeUndefined();
  });

  it('knows what was revoked for as long as it would take such a token itself', () => {
    const { clock, directory } = setUp();
    directory.learn('token', claims());
    directory.hear({ sid: 'one', ...times() });
    expect(directory.recall('token')).toBeUndefined();
    clock.seconds += HOUR + 299;
    directory.hear({ sid: 'another', ...times() });
    expect(() => directory.learn('token', claims())).toThrow(SessionRevoked);
  });

  it('of several cuts through the tokens of a user keeps the latest, in whatever order they come', () => {
    for (const order of [
      [0, 10],
      [10, 0],
    ]) {
      const { directory } = setUp();
      for (const seconds of order) directory.hear({ sub: 'ada', ...times(NOW_SECONDS + seconds) });
      expect(() => directory.learn('t', claims({ iat: NOW_SECONDS + 9 }))).toThrow(SessionRevoked);
      expect(directory.learn('t', claims({ iat: NOW_SECONDS + 10 }))).toMatchObject({ user: { id: 'ada' } });
    }
  });

  it('forgets what can concern no token any more', () => {
    const { clock, directory } = setUp();
    for (let index = 0; index < 1000; index++) directory.hear({ sid: `${index}`, ...times() });
    clock.seconds += HOUR + 360;
    const until = { notBeforeMs: clock.nowMs(), expiresAtMs: clock.nowMs() + HOUR * 1000 };
    directory.hear({ sid: 'new', ...until });
    const young = { iat: clock.seconds, exp: clock.seconds + HOUR };
    expect(directory.learn('t', claims({ sid: '7', ...young }))).toMatchObject({ session: { id: '7' } });
    expect(() => directory.learn('t', claims({ sid: 'new', ...young }))).toThrow(SessionRevoked);
  });

  it('after a silence verifies everything anew, and forgets no revocation', () => {
    const { directory } = setUp();
    directory.learn('token', claims({ sid: 'two' }));
    directory.hear({ sid: 'one', ...times() });
    directory.forget();
    expect(directory.recall('token')).toBeUndefined();
    expect(() => directory.learn('other', claims())).toThrow(SessionRevoked);
  });
});
