import { Argon2Hash } from './argon2-hash.js';
import { BcryptHash } from './bcrypt-hash.js';
import { Pbkdf2Hash } from './pbkdf2-hash.js';
import { ScryptHash } from './scrypt-hash.js';
import type { StoredHash } from './stored-hash.js';

/** Every scheme that a stored hash may be of (docs/passwords.md). No text is of two. */
const SCHEMES: { read(text: string): StoredHash | null }[] = [Argon2Hash, BcryptHash, ScryptHash, Pbkdf2Hash];

/** Null for what no scheme understands; what it does may still not be `affordable`. */
export function readHash(text: string): StoredHash | null {
  for (const scheme of SCHEMES) {
    const hash = scheme.read(text);
    if (hash) return hash;
  }
  return null;
}

/** Why passwords cannot be compared with a hash: no scheme understands it, or trying one would stall the service. */
export function whyUnusable(text: string): 'unknown' | 'too costly' | null {
  const hash = readHash(text);
  if (hash === null) return 'unknown';
  return hash.affordable ? null : 'too costly';
}
