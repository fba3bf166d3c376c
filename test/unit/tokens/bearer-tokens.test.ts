import type { KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { JWT_ALGORITHMS } from '../../../src/config/app-config.js';
import { tokenKey, type TokenKey } from '../../../src/config/keys/token-key.js';
import { FIRST_PARTY_CLIENT_ID } from '../../../src/tokens/issue-access-token.js';
import { SessionRevoked, TokenExpired, TokenInvalid } from '../../../src/tokens/tokens.errors.js';
import {
  AUDIENCE,
  FrozenClock,
  ISSUER,
  LEEWAY_SECONDS,
  makeKey,
  NOW_SECONDS,
  SUBJECT,
  tokensWith,
  TTL_SECONDS,
} from '../../support/bearer-tokens.fixture.js';
import { decodeToken, forgeAccessToken } from '../../support/forge.js';

let key: TokenKey;
let rsaKey: KeyObject;
beforeAll(async () => {
  key = await makeKey();
  rsaKey = (await makeKey('RS256')).signingKey;
});

describe('issuing', () => {
  it('writes the header and the claims of the contract, and nothing else', () => {
    const { token, claims, expiresInSeconds, expiresAt } = tokensWith([key]).issue(SUBJECT);
    const { header, payload } = decodeToken(token);
    expect(header).toEqual({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' });
    expect(payload).toEqual(claims);
    expect(payload).toEqual({
      iss: ISSUER,
      aud: AUDIENCE,
      sub: SUBJECT.userId,
      sid: SUBJECT.sessionId,
      client_id: FIRST_PARTY_CLIENT_ID,
      jti: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      iat: NOW_SECONDS,
      nbf: NOW_SECONDS,
      exp: NOW_SECONDS + TTL_SECONDS,
      auth_time: NOW_SECONDS - 100,
      amr: ['pwd'],
    });
    expect(expiresInSeconds).toBe(TTL_SECONDS);
    expect(expiresAt).toEqual(new Date((NOW_SECONDS + TTL_SECONDS) * 1000));
  });

  it('leaves out an empty amr, and gives each token its own jti', () => {
    const tokens = tokensWith([key]);
    const [one, two] = [tokens.issue({ ...SUBJECT, methods: [] }), tokens.issue(SUBJECT)];
    expect(one.claims).not.toHaveProperty('amr');
    expect(one.claims.jti).not.toBe(two.claims.jti);
  });

  it('never outlives the session', () => {
    const sessionEndsAt = new Date((NOW_SECONDS + 30.9) * 1000);
    const { claims, token } = tokensWith([key]).issue({ ...SUBJECT, sessionEndsAt });
    expect(claims.exp).toBe(NOW_SECONDS + 30);
    expect(tokensWith([key]).verify(token).exp).toBe(NOW_SECONDS + 30);
    const over = { ...SUBJECT, sessionEndsAt: new Date(NOW_SECONDS * 1000) };
    expect(() => tokensWith([key]).issue(over)).toThrow(SessionRevoked);
  });

  it('lets further claims replace none of ours', () => {
    const tokens = tokensWith([key]);
    const own = ['iss', 'aud', 'sub', 'sid', 'client_id', 'jti', 'iat', 'nbf', 'exp', 'auth_time', 'amr'];
    const hostile = Object.fromEntries(own.map((name) => [name, 'forged']));
    const { token } = tokens.issue({ ...SUBJECT, methods: [], extra: { ...hostile, tenant: { id: 1 } } });
    const claims = tokens.verify(token);
    expect(Object.values(claims)).not.toContain('forged');
    expect(claims).not.toHaveProperty('amr');
    expect(claims.tenant).toEqual({ id: 1 });
  });

  it('refuses further claims that make a token which nobody would take', () => {
    const extra = { blob: 'x'.repeat(8000) };
    expect(() => tokensWith([key]).issue({ ...SUBJECT, extra })).toThrow(RangeError);
  });
});

describe('verifying', () => {
  it.each(JWT_ALGORITHMS)('BT-05: issues and verifies %s', async (algorithm) => {
    const own = /^[RP]S/.test(algorithm) ? tokenKey(rsaKey, algorithm) : await makeKey(algorithm);
    const tokens = tokensWith([own]);
    const { token, claims } = tokens.issue(SUBJECT);
    expect(decodeToken(token).header.alg).toBe(algorithm);
    expect(tokens.verify(token)).toEqual(claims);
  });

  it('BT-06: a new key in front signs, the older still verifies', async () => {
    const token = tokensWith([key]).issue(SUBJECT).token;
    const next = tokenKey(rsaKey, 'RS256');
    const rotated = tokensWith([next, key]);
    expect(decodeToken(rotated.issue(SUBJECT).token).header.alg).toBe('RS256');
    expect(rotated.verify(token).sub).toBe(SUBJECT.userId);
    expect(() => tokensWith([next]).verify(token)).toThrow(TokenInvalid);
  });

  it('JWT-52: the same good token a thousand times', () => {
    const tokens = tokensWith([key]);
    const { token, claims } = tokens.issue(SUBJECT);
    for (let time = 0; time < 1000; time++) expect(tokens.verify(token)).toEqual(claims);
  });

  it('JWT-30: passes until exp + leeway, and is token_expired from then on', () => {
    const clock = new FrozenClock();
    const tokens = tokensWith([key], clock);
    const { token, claims } = tokens.issue(SUBJECT);
    clock.seconds = claims.exp + LEEWAY_SECONDS - 1;
    expect(tokens.verify(token)).toEqual(claims);
    for (const late of [0, 1, 1e6]) {
      clock.seconds = claims.exp + LEEWAY_SECONDS + late;
      expect(() => tokens.verify(token)).toThrow(TokenExpired);
      expect(tokens.verify(token, { acceptExpired: true })).toEqual(claims);
    }
  });

  it('BT-04: a clock that is slow by the leeway accepts a fresh token, and not by more', () => {
    const clock = new FrozenClock();
    const tokens = tokensWith([key], clock);
    const { token } = tokens.issue(SUBJECT);
    clock.seconds = NOW_SECONDS - LEEWAY_SECONDS;
    expect(tokens.verify(token).iat).toBe(NOW_SECONDS);
    clock.seconds -= 1;
    expect(() => tokens.verify(token)).toThrow(TokenInvalid);
  });

  it('BT-04: a leeway of none is none', () => {
    const clock = new FrozenClock();
    const tokens = tokensWith([key], clock, { leewaySeconds: 0 });
    const { token, claims } = tokens.issue(SUBJECT);
    clock.seconds = claims.exp - 1;
    expect(tokens.verify(token)).toEqual(claims);
    clock.seconds = claims.exp;
    expect(() => tokens.verify(token)).toThrow(TokenExpired);
  });

  it('JWT-33: a lowered TTL ends older tokens, as invalid even when they are late', () => {
    const clock = new FrozenClock();
    const { token } = tokensWith([key], clock).issue(SUBJECT);
    const lowered = tokensWith([key], clock, { ttlMinutes: 59 });
    expect(() => lowered.verify(token)).toThrow(TokenInvalid);
    clock.seconds += 1e6;
    expect(() => lowered.verify(token)).toThrow(TokenInvalid);
  });

  it('JWT-40: tokens of another deployment', async () => {
    const ours = tokensWith([key]);
    const foreign = [
      tokensWith([await makeKey()]),
      tokensWith([key], undefined, { issuer: 'https://other.test' }),
      tokensWith([key], undefined, { audience: 'https://other.test' }),
    ];
    for (const tokens of foreign) {
      const { token } = tokens.issue(SUBJECT);
      expect(tokens.verify(token).sub).toBe(SUBJECT.userId);
      expect(() => ours.verify(token)).toThrow(TokenInvalid);
    }
  });

  it('JWT-23: claims with unsafe names give no privilege and touch no prototype', () => {
    const tokens = tokensWith([key]);
    const { payload } = decodeToken(tokens.issue(SUBJECT).token);
    const unsafe =
      '"__proto__":{"x":1,"admin":true},"constructor":{"prototype":{"x":1}},"a":{"__proto__":{"x":1},"b":2}';
    const text = JSON.stringify(payload).replace(/}$/, `,${unsafe}}`);
    const claims = tokens.verify(forgeAccessToken(key, text));
    const copy = Object.assign({}, claims) as Record<string, unknown>;
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect([claims.admin, claims.x, copy.admin, copy.x]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(Object.keys(claims).sort()).toEqual([...Object.keys(payload), 'a'].sort());
    expect(claims.a).toEqual({ b: 2 });
    const extra = JSON.parse('{"__proto__":{"x":1},"constructor":1}') as Record<string, unknown>;
    expect(tokens.issue({ ...SUBJECT, extra }).claims).not.toHaveProperty('x');
  });

  it('hands the key to whoever else verifies, after the strict check of the header', () => {
    const tokens = tokensWith([key]);
    const { token } = tokens.issue(SUBJECT);
    expect(tokens.verificationKey(token).equals(key.verificationKey)).toBe(true);
    expect(() => tokens.verificationKey(forgeAccessToken(key, {}, { crit: ['x'] }))).toThrow(TokenInvalid);
  });
});
