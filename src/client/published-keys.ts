import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { JWT_ALGORITHMS } from '../config/app-config.js';
import { keyProblem } from '../config/keys/key-policy.js';
import type { VerificationKey } from '../config/keys/token-key.js';

/**
 * The keys of a JWKS (RFC 7517) that verify tokens here, by kid. Others are passed over: what is no public key, has no
 * algorithm of ours, or would not be accepted as a key of the service.
 * @throws Error when it is no JWKS
 */
export function readJwks(body: unknown): ReadonlyMap<string, VerificationKey> {
  const { keys } = (body ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('the answer is no JWKS');
  const usable = keys.map(readKey).filter((key) => key !== null);
  return new Map(usable.map((key) => [key.kid, key]));
}

/** Null for a key that is of no use here. The algorithm is the one that it was published for, and no other (JWT-03). */
function readKey(value: unknown): VerificationKey | null {
  const { kid, alg, use, kty, crv, x, y, n, e } = (value ?? {}) as JsonWebKey & Record<string, unknown>;
  const algorithm = JWT_ALGORITHMS.find((name) => name === alg && !name.startsWith('HS'));
  if (typeof kid !== 'string' || algorithm === undefined || (use !== undefined && use !== 'sig')) return null;
  try {
    const key = createPublicKey({ key: { kty, crv, x, y, n, e }, format: 'jwk' });
    return keyProblem(key, algorithm) === null ? { kid, algorithm, verificationKey: key } : null;
  } catch {
    return null;
  }
}
