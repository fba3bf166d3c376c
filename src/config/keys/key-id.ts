import { createHash, createHmac, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** The members of a JWK that make up its thumbprint, in the order in which they are hashed (RFC 7638, section 3.2). */
const THUMBPRINT_MEMBERS: Record<string, readonly (keyof JsonWebKey)[]> = {
  EC: ['crv', 'kty', 'x', 'y'],
  RSA: ['e', 'kty', 'n'],
};

/**
 * The `kid` of a key: the JWK thumbprint (RFC 7638, SHA-256), or for a secret an HMAC of a constant, which says
 * no more about it than any token does.
 * @throws TypeError for a key that is neither RSA, EC nor a secret
 */
export function keyId(key: KeyObject): string {
  if (key.type === 'secret') return createHmac('sha256', key).update('tokenhouse/kid').digest('base64url');
  const jwk = publicJwk(key);
  return createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
}

/** The public members of an RSA or EC key, private or public, and no others. @throws TypeError for other keys */
export function publicJwk(key: KeyObject): JsonWebKey {
  const jwk = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  const members = THUMBPRINT_MEMBERS[jwk.kty ?? ''];
  if (!members) throw new TypeError('Only RSA and EC keys have a JWK here.');
  return Object.fromEntries(members.map((member) => [member, jwk[member]]));
}
