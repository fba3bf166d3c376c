import { generateKeyPair, type KeyObject, randomBytes, createSecretKey } from 'node:crypto';
import { promisify } from 'node:util';
import type { JwtAlgorithm } from '../config/app-config.js';
import { GOOD_RSA_BITS } from '../config/keys/key-policy.js';

const generate = promisify(generateKeyPair);

const CURVES: Partial<Record<JwtAlgorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** A new private key, or a new secret, for one algorithm. */
export async function generateSigningKey(algorithm: JwtAlgorithm): Promise<KeyObject> {
  if (algorithm.startsWith('HS')) return createSecretKey(randomBytes(Number(algorithm.slice(2)) / 8));
  const namedCurve = CURVES[algorithm];
  const { privateKey } = namedCurve
    ? await generate('ec', { namedCurve })
    : await generate('rsa', { modulusLength: GOOD_RSA_BITS });
  return privateKey;
}
