import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../src/common/common.errors.js';
import { ACCESS } from '../../../src/common/public.decorator.js';
import type { TokenKey } from '../../../src/config/keys/token-key.js';
import { JwksController } from '../../../src/tokens/jwks.controller.js';
import { KeyRing, keysInOrder, type RingKey } from '../../../src/tokens/key-ring.js';
import { FrozenClock, makeKey, NOW_SECONDS } from '../../support/bearer-tokens.fixture.js';

const clock = new FrozenClock();
beforeEach(() => {
  clock.seconds = NOW_SECONDS;
});

const ringOf = (...keys: TokenKey[]): KeyRing => new KeyRing(keysInOrder(keys), clock);
const kidsOf = (ring: KeyRing): string[] => ring.jwks().keys.map(({ kid }) => kid);

/** Times in seconds from now. */
const timed = (key: TokenKey, signsFrom: number, verifiesUntil = Infinity): RingKey => ({
  key,
  signsFromMs: (NOW_SECONDS + signsFrom) * 1000,
  verifiesUntilMs: (NOW_SECONDS + verifiesUntil) * 1000,
});

describe('the key ring', () => {
  it('finds by kid, and signs with the first of a list', async () => {
    const [first, second] = [await makeKey(), await makeKey('HS256')];
    const ring = ringOf(first, second);
    expect(ring.current).toBe(first);
    expect(ring.find(second.kid)).toBe(second);
    clock.seconds += 1e9;
    expect([ring.current, ring.find(second.kid)]).toEqual([first, second]);
    for (const kid of ['', 'constructor', '__proto__', `${first.kid} `])
      expect(ring.find(kid)).toBeUndefined();
  });

  it('JWT-15: refuses two keys of one kid, and an empty ring', async () => {
    const [key, other] = [await makeKey(), await makeKey()];
    expect(() => ringOf(key, { ...other, kid: key.kid })).toThrow('share a kid');
    expect(() => ringOf()).toThrow();
  });

  it('JWT-45: changes the key that signs, and ends the one before, by the clock', async () => {
    const [old, next] = [await makeKey(), await makeKey()];
    const ring = new KeyRing([timed(old, -100, 200), timed(next, 100)], clock);
    expect([ring.current, kidsOf(ring)]).toEqual([old, [old.kid, next.kid]]);
    clock.seconds += 100;
    expect([ring.current, kidsOf(ring)]).toEqual([next, [next.kid, old.kid]]);
    clock.seconds += 99;
    expect([ring.find(old.kid), ring.find(next.kid)]).toEqual([old, next]);
    clock.seconds += 1;
    expect([ring.find(old.kid), kidsOf(ring)]).toEqual([undefined, [next.kid]]);
  });

  it('replaces its keys, and tells whether one is gone', async () => {
    const [one, two, three] = [await makeKey(), await makeKey(), await makeKey()];
    const ring = new KeyRing([timed(one, -1)], clock);
    expect(ring.replace([timed(one, -1), timed(two, 100)])).toBe(false);
    expect(ring.replace([timed(two, 100), timed(three, 200)])).toBe(true);
    expect([ring.find(one.kid), ring.current]).toEqual([undefined, two]);
    expect(() => ring.replace([])).toThrow();
    expect(ring.current).toBe(two);
  });

  it('drops a key for good, also when somebody still brings it', async () => {
    const [killed, other] = [await makeKey(), await makeKey()];
    const ring = new KeyRing([timed(killed, -1)], clock);
    ring.drop(killed.kid);
    expect([ring.find(killed.kid), kidsOf(ring)]).toEqual([undefined, []]);
    expect(() => ring.current).toThrow(Unavailable);
    ring.replace([timed(killed, -1), timed(other, 0)]);
    expect([ring.find(killed.kid), ring.current]).toEqual([undefined, other]);
  });

  it('JWT-51: the JWKS has public members, kid, alg and use only; nothing of a secret', async () => {
    const [ec, rsa, hmac] = [await makeKey('ES384'), await makeKey('PS256'), await makeKey('HS256')];
    const { keys } = ringOf(ec, hmac, rsa).jwks();
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ]);
    expect(keys[0]).toMatchObject({ kty: 'EC', crv: 'P-384', kid: ec.kid, alg: 'ES384', use: 'sig' });
    expect(keys[1]).toMatchObject({ kty: 'RSA', e: 'AQAB', kid: rsa.kid, alg: 'PS256', use: 'sig' });
    expect(ringOf(hmac).jwks()).toEqual({ keys: [] });
  });

  it('JWT-51: it is answered to everyone, and cacheable', async () => {
    const ring = ringOf(await makeKey());
    const module = await Test.createTestingModule({
      controllers: [JwksController],
      providers: [{ provide: KeyRing, useValue: ring }],
    }).compile();
    const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    await app.init();
    const answer = await app.inject('/.well-known/jwks.json');
    expect(answer.json()).toEqual(ring.jwks());
    expect(answer.headers['cache-control']).toBe('public, max-age=600');
    expect(Reflect.getMetadata(ACCESS, JwksController)).toBe('public');
    await app.close();
  });
});
