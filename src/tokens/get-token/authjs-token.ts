import { hkdfSync } from 'node:crypto';
import { base64url, calculateJwkThumbprint, decodeProtectedHeader, errors, jwtDecrypt } from 'jose';
import type { JWTPayload, ProtectedHeaderParameters } from 'jose';

/** Room for a dozen full cookies; more is not a session token. */
const MAX_BYTES = 64 * 1024;
const CLOCK_TOLERANCE_SECONDS = 15;
const KEY_BYTES = { 'A256CBC-HS512': 64, A256GCM: 32 } as const;
type Encryption = keyof typeof KEY_BYTES;

/**
 * The claims of a session token that Auth.js (`@auth/core`) or NextAuth v4 encrypted with one of these secrets, the
 * newest first. `salt`: the name of its cookie. Expiry is required and has 15 seconds of tolerance, as there.
 * @throws when it cannot be decrypted, has expired or is no such token; the error never holds the token or a secret.
 * @see https://github.com/nextauthjs/next-auth/blob/main/packages/core/src/jwt.ts
 */
export async function decodeAuthjsToken(
  token: string,
  secrets: readonly string[],
  salt: string,
): Promise<JWTPayload> {
  if (token.length > MAX_BYTES) throw new errors.JWEInvalid('too long for a session token');
  const header = decodeProtectedHeader(token);
  // jose inflates `zip: DEF`; neither Auth.js nor NextAuth ever compresses, and a small token could grow large.
  if (header.zip !== undefined) throw new errors.JOSENotSupported('compressed tokens are not read');
  return decryptWithFirst(token, await keysFor(header, secrets, salt));
}

async function decryptWithFirst(token: string, keys: readonly Uint8Array[]): Promise<JWTPayload> {
  for (const key of keys) {
    try {
      return await decrypt(token, key);
    } catch (error) {
      if (!(error instanceof errors.JWEDecryptionFailed)) throw error;
    }
  }
  throw new errors.JWEDecryptionFailed();
}

async function decrypt(token: string, key: Uint8Array): Promise<JWTPayload> {
  const { payload } = await jwtDecrypt(token, key, {
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: Object.keys(KEY_BYTES),
    requiredClaims: ['exp'],
  });
  return payload;
}

/** With a `kid`, the one key that it names or none. Without, every key that may fit: NextAuth v4 writes no `kid`. */
async function keysFor(
  header: ProtectedHeaderParameters,
  secrets: readonly string[],
  salt: string,
): Promise<Uint8Array[]> {
  const enc = String(header.enc);
  if (!isEncryption(enc)) return [];
  const keys = secrets.map((secret) => authjsKey(enc, secret, salt));
  if (header.kid === undefined) return enc === 'A256GCM' ? [...nextAuthKeys(secrets, salt), ...keys] : keys;
  const kids = await Promise.all(keys.map(thumbprint));
  return keys.filter((_key, i) => kids[i] === header.kid);
}

function isEncryption(enc: string): enc is Encryption {
  return Object.hasOwn(KEY_BYTES, enc);
}

function authjsKey(enc: Encryption, secret: string, salt: string): Uint8Array {
  return derive(secret, salt, `Auth.js Generated Encryption Key (${salt})`, KEY_BYTES[enc]);
}

/** NextAuth v4 salts with nothing, unless its `encode` was called with a salt. */
function nextAuthKeys(secrets: readonly string[], salt: string): Uint8Array[] {
  const info = 'NextAuth.js Generated Encryption Key';
  return secrets.flatMap((secret) => [
    derive(secret, '', info, KEY_BYTES.A256GCM),
    derive(secret, salt, `${info} (${salt})`, KEY_BYTES.A256GCM),
  ]);
}

/** Synchronous on purpose: microseconds of work that would otherwise queue behind password hashes in the pool. */
function derive(secret: string, salt: string, info: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, bytes));
}

/** RFC 7638, with a hash as long as the key: SHA-512 for A256CBC-HS512, SHA-256 for A256GCM, as Auth.js has it. */
function thumbprint(key: Uint8Array): Promise<string> {
  const digest = key.byteLength === 64 ? 'sha512' : 'sha256';
  return calculateJwkThumbprint({ kty: 'oct', k: base64url.encode(key) }, digest);
}
