import { createPublicKey, type KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from '../app-config.js';
import { keyId } from './key-id.js';

/** A key that verifies, with the one algorithm it is for. */
export interface VerificationKey {
  readonly algorithm: JwtAlgorithm;
  /** RFC 7638 thumbprint; for a secret an HMAC of a constant. */
  readonly kid: string;
  /** Public, or the secret. */
  readonly verificationKey: KeyObject;
}

/** A key that signs and verifies. */
export interface TokenKey extends VerificationKey {
  /** Private, or the same secret. */
  readonly signingKey: KeyObject;
}

/** A private key or a secret, ready for use. It must have passed `keyProblem` or be our own. */
export function tokenKey(signingKey: KeyObject, algorithm: JwtAlgorithm): TokenKey {
  const verificationKey = signingKey.type === 'secret' ? signingKey : createPublicKey(signingKey);
  return { algorithm, kid: keyId(signingKey), signingKey, verificationKey };
}
