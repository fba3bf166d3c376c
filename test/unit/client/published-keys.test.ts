import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readJwks } from '../../../src/client/published-keys.js';
import { KeyRing, keysInOrder } from '../../../src/tokens/key-ring.js';
import { FrozenClock, makeKey } from '../../support/bearer-tokens.fixture.js';
import { rocaKey } from '../../support/weak-keys.js';

function rsa(modulusLength: number, publicExponent = 0x10001): object {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  return { ...publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256', use: 'sig' };
}

describe('readJwks', () => {
  it('reads what a key ring publishes', async () => {
    for (const algorithm of ['ES256', 'ES512', 'PS256'] as const) {
      const key = await makeKey(algorithm);
      const keys = readJwks(new KeyRing(keysInOrder([key]), new FrozenClock()).jwks());
      expect([...keys.keys()]).toEqual([key.kid]);
      expect(keys.get(key.kid)?.algorithm).toBe(algorithm);
      expect(keys.get(key.kid)?.verificationKey.equals(key.verificationKey)).toBe(true);
    }
  });

  it('takes a key without `use`, and nothing of a private half', async () => {
    const { signingKey } = await makeKey();
    const jwk = { ...signingKey.export({ format: 'jwk' }), kid: 'a', alg: 'ES256' };
    expect(readJwks({ keys: [jwk] }).get('a')?.verificationKey.type).toBe('public');
  });

  it('passes over what verifies no token of ours', async () => {
    const { verificationKey } = await makeKey();
    const good = { ...verificationKey.export({ format: 'jwk' }), kid: 'a', alg: 'ES256', use: 'sig' };
    const roca = createPublicKey(rocaKey()).export({ format: 'jwk' });
    for (const useless of [
      null,
      'key',
      {},
      { ...good, kid: 7 },
      { ...good, alg: undefined },
      { ...good, alg: 'none' },
      { ...good, alg: 'RS256' },
      { ...good, alg: 'ES384' },
      { ...good, alg: 'HS256' },
      { ...good, use: 'enc' },
      { ...good, x: 'AAAA' },
      { kty: 'oct', kid: 'a', alg: 'HS256', k: Buffer.alloc(32).toString('base64url') },
      { kty: 'OKP', crv: 'Ed25519', kid: 'a', alg: 'EdDSA', x: Buffer.alloc(32).toString('base64url') },
      rsa(1024),
      rsa(2048, 3),
      { ...roca, kid: 'roca', alg: 'RS256' },
    ]) {
      expect([...readJwks({ keys: [useless, good] }).keys()], JSON.stringify(useless)).toEqual(['a']);
      expect(readJwks({ keys: [useless] }).size, JSON.stringify(useless)).toBe(0);
    }
    expect([...readJwks({ keys: [rsa(2048)] }).keys()]).toEqual(['rsa']);
  });

  it.each([null, 'keys', [], {}, { keys: {} }, { error: 'down' }])(
    'throws for what is no JWKS: %j',
    (body) => {
      expect(() => readJwks(body)).toThrow('no JWKS');
    },
  );
});
