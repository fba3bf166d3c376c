import { createHash, randomBytes } from 'node:crypto';

const BYTES = 32;

/** Something that opens something: 256 random bits, as base64url. */
export function makeSecret(): string {
  return randomBytes(BYTES).toString('base64url');
}

/** What is kept of it. SHA-256 is enough for what nobody can guess (security.md, "Secrets"). */
export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
