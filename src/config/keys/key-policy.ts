import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { JwtAlgorithm } from '../app-config.js';
import { keyId, publicJwk } from './key-id.js';
import { hasRocaFingerprint } from './roca.js';

/** RFC 7518, section 3.4. */
const CURVES: Partial<Record<JwtAlgorithm, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

const MIN_RSA_BITS = 2048;
/** Generated keys have as many; below, boot warns (ASVS 11.2.3). */
export const GOOD_RSA_BITS = 3072;

/** Keys whose private half is printed in specifications and on jwt.io; everybody has them. */
const PUBLISHED_KEYS = new Set([
  'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', // RFC 7517, A.2 (RSA), RFC 7638, 3.1
  'cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s', // RFC 7517, A.2 (EC)
  '19J8y7Zprt2-QKLjF2I5pVk0OELX6cY2AfaAv1LC_w8', // jwt.io (ES256)
  'oGDmHqCJ7yzMkWEkrlZVHkvrHIyQwtlDmeq5ForUHeY', // jwt.io (RSA)
  'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U', // RFC 7515, A.3 (EC)
]);

/**
 * What is wrong with a key for an algorithm, as the end of a sentence that begins with the key; null when it may be
 * used. Takes private, public and secret keys. Never quotes key material.
 * Source: security.md, "Algorithm" and "Key material"; RFC 7518, sections 3.2 to 3.5.
 */
export function keyProblem(key: KeyObject, algorithm: JwtAlgorithm): string | null {
  const family = algorithm.slice(0, 2);
  if (key.type === 'secret')
    return family === 'HS' ? secretProblem(key, algorithm) : `is a secret, not a key for ${algorithm}`;
  if (family === 'HS') return `is a private or public key, not a secret for ${algorithm}`;
  const problem = family === 'ES' ? ecProblem(key, algorithm) : rsaProblem(key, algorithm);
  if (problem !== null) return problem;
  if (PUBLISHED_KEYS.has(keyId(key))) return 'is a sample key that everybody knows';
  return key.type === 'private' ? pairProblem(key) : null;
}

/** The algorithm of a key that nobody has named one for; null when none of ours fits. */
export function naturalAlgorithm(key: KeyObject): JwtAlgorithm | null {
  if (key.type === 'secret') return 'HS256';
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const found = Object.entries(CURVES).find(([, name]) => name === curve);
  return key.asymmetricKeyType === 'ec' && found ? (found[0] as JwtAlgorithm) : null;
}

/** Whether a key is strong enough to be used but not to be chosen today. */
export function isWeakerThanAdvised(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa' && rsaBits(key) < GOOD_RSA_BITS;
}

function secretProblem(key: KeyObject, algorithm: JwtAlgorithm): string | null {
  const minimum = Number(algorithm.slice(2)) / 8;
  return (key.symmetricKeySize ?? 0) < minimum ? `is too short: ${algorithm} needs ${minimum} bytes` : null;
}

function ecProblem(key: KeyObject, algorithm: JwtAlgorithm): string | null {
  if (key.asymmetricKeyType !== 'ec') return `is no EC key, as ${algorithm} needs`;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === CURVES[algorithm] ? null : `is on a curve that does not fit ${algorithm}`;
}

function rsaProblem(key: KeyObject, algorithm: JwtAlgorithm): string | null {
  // An `rsa-pss` key carries parameters of its own, which may contradict the algorithm's.
  if (key.asymmetricKeyType !== 'rsa') return `is no plain RSA key, as ${algorithm} needs`;
  const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
  if (rsaBits(key) < MIN_RSA_BITS)
    return `is too short: RSA keys need ${MIN_RSA_BITS} bits, better ${GOOD_RSA_BITS}`;
  if (exponent < 65_537n || exponent % 2n === 0n) return 'has a public exponent that is even or below 65537';
  const modulus = BigInt(`0x${Buffer.from(publicJwk(key).n ?? '', 'base64url').toString('hex')}`);
  return hasRocaFingerprint(modulus) ? 'was made by a flawed generator (ROCA, CVE-2017-15361)' : null;
}

function rsaBits(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

/** A damaged private key signs what its own public half refuses. */
function pairProblem(key: KeyObject): string | null {
  const probe = Buffer.from('tokenhouse');
  try {
    return verify('sha256', probe, createPublicKey(key), sign('sha256', probe, key)) ? null : 'is damaged';
  } catch {
    return 'is damaged';
  }
}
