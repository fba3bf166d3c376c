import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { ACCESS } from '../../../src/common/public.decorator.js';
import { JwksController } from '../../../src/tokens/jwks.controller.js';
import { KeyRing } from '../../../src/tokens/key-ring.js';
import { makeKey } from '../../support/bearer-tokens.fixture.js';

describe('the key ring', () => {
  it('finds by kid, and signs with the first', async () => {
    const [first, second] = [await makeKey(), await makeKey('HS256')];
    const ring = new KeyRing([first, second]);
    expect(ring.current).toBe(first);
    expect(ring.find(second.kid)).toBe(second);
    for (const kid of ['', 'constructor', '__proto__', `${first.kid} `])
      expect(ring.find(kid)).toBeUndefined();
  });

  it('JWT-15: refuses two keys of one kid, and an empty ring', async () => {
    const [key, other] = [await makeKey(), await makeKey()];
    expect(() => new KeyRing([key, { ...other, kid: key.kid }])).toThrow('share a kid');
    expect(() => new KeyRing([])).toThrow();
  });

  it('JWT-51: the JWKS has public members, kid, alg and use only; nothing of a secret', async () => {
    const [ec, rsa, hmac] = [await makeKey('ES384'), await makeKey('PS256'), await makeKey('HS256')];
    const { keys } = new KeyRing([ec, hmac, rsa]).jwks();
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ]);
    expect(keys[0]).toMatchObject({ kty: 'EC', crv: 'P-384', kid: ec.kid, alg: 'ES384', use: 'sig' });
    expect(keys[1]).toMatchObject({ kty: 'RSA', e: 'AQAB', kid: rsa.kid, alg: 'PS256', use: 'sig' });
    expect(new KeyRing([hmac]).jwks()).toEqual({ keys: [] });
  });

  it('JWT-51: it is answered to everyone, and cacheable', async () => {
    const ring = new KeyRing([await makeKey()]);
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
