import type { KeyObject } from 'node:crypto';
import type { JwtService } from '@nestjs/jwt';
import type { VerificationKey } from '../config/keys/token-key.js';
import type { KeyLookup } from './key-ring.js';
import { type JsonObject, parseStrictObject } from './strict-json.js';
import { KeyUnknown, TokenInvalid } from './tokens.errors.js';

/** A token whose shape and header are in order; the signature is not checked yet. */
export interface InspectedToken {
  readonly token: string;
  readonly key: VerificationKey;
  readonly payload: Buffer;
}

export interface InspectionOptions {
  /** `at+jwt`: exactly that; `any`: a header may have any `typ`, or none. */
  typ: 'at+jwt' | 'any';
}

/** Node takes headers of 16 KiB; longer tokens would come through in some places and not in others. */
export const MAX_TOKEN_BYTES = 8192;
const HEADER_MEMBERS = new Set(['alg', 'kid', 'typ']);

/**
 * Steps 1 to 5 of the strict check (security.md): what must hold before a signature is worth computing. jsonwebtoken
 * alone would accept unknown `crit`, `b64: false`, non-canonical base64 and the last of two equal members.
 * @throws TokenInvalid, KeyUnknown
 */
export function inspectToken(
  token: unknown,
  keys: KeyLookup,
  options: InspectionOptions = { typ: 'at+jwt' },
): InspectedToken {
  if (typeof token !== 'string') throw new TokenInvalid('no string');
  // Before anything that takes time in proportion to it. Other characters than one-byte ones fall below.
  if (token.length > MAX_TOKEN_BYTES) throw new TokenInvalid(`longer than ${MAX_TOKEN_BYTES} bytes`);
  const [header, payload] = splitToken(token);
  return { token, key: requireKey(readHeader(header, options), keys), payload };
}

/**
 * Step 6: the signature, with one algorithm allowed. Says nothing of the claims.
 * @throws TokenInvalid
 */
export function verifySignature({ token, key }: InspectedToken, jwt: JwtService): void {
  try {
    const verified: unknown = jwt.verify(token, {
      algorithms: [key.algorithm],
      // The service's types do not know what jsonwebtoken takes: a KeyObject, which is 7 to 50 times faster.
      publicKey: key.verificationKey as KeyObject & Buffer,
      // Times are read by our clock, after everything else; see `assertNotLate`.
      ignoreExpiration: true,
      ignoreNotBefore: true,
    });
    // What comes back is not read; but an error, though nobody threw it, is no yes (JWT-47).
    if (verified instanceof Error) throw verified;
  } catch (error) {
    // Without the stack: a bad signature is everyday, and says nothing of our code.
    throw new TokenInvalid(`signature: ${error instanceof Error ? error.message : quoted(error)}`);
  }
}

/**
 * Only the signature layer, steps 1 to 6, for tokens of any `typ` and payload: the bytes that were signed.
 * @throws TokenInvalid
 */
export function verifySignedBytes(token: unknown, keys: KeyLookup, jwt: JwtService): Buffer {
  const inspected = inspectToken(token, keys, { typ: 'any' });
  verifySignature(inspected, jwt);
  return inspected.payload;
}

/** Three parts, each non-empty and the only base64url text of its bytes (RFC 7515, section 2; RFC 4648, section 3.5). */
function splitToken(token: string): [Buffer, Buffer, Buffer] {
  const parts = token.split('.');
  if (parts.length !== 3) throw new TokenInvalid('not of three parts');
  return parts.map(decodePart) as [Buffer, Buffer, Buffer];
}

function decodePart(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  // The decoder passes over what it does not know; what it would not write itself is refused.
  if (bytes.length === 0 || bytes.toString('base64url') !== part) throw new TokenInvalid('not base64url');
  return bytes;
}

/** No member but these: `crit`, `b64`, `jwk`, `jku`, `x5u`, `x5c`, `zip`, `cty` mean things we do not do. */
function readHeader(bytes: Buffer, { typ }: InspectionOptions): JsonObject {
  const header = parseStrictObject(bytes);
  if (!header) throw new TokenInvalid('header is no strict JSON object');
  for (const [name, value] of Object.entries(header)) {
    if (!HEADER_MEMBERS.has(name) || typeof value !== 'string')
      throw new TokenInvalid('header member not allowed');
  }
  // RFC 8725, section 3.11; RFC 9068, section 4.
  if (typ !== 'any' && header.typ !== typ) throw new TokenInvalid('typ is not at+jwt');
  return header;
}

/** By `kid` alone, never by trying; and a key carries one algorithm (RFC 8725, section 3.1). */
function requireKey({ kid, alg }: JsonObject, keys: KeyLookup): VerificationKey {
  if (typeof kid !== 'string') throw new TokenInvalid('no kid');
  const key = keys.find(kid);
  if (!key) throw new KeyUnknown(`kid ${quoted(kid)} unknown`);
  if (alg !== key.algorithm) throw new TokenInvalid('alg is not that of the key');
  return key;
}

/** Text from outside for a log line: capped, and nothing in it but printable ASCII (JWT-14). */
function quoted(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 80)).replace(/[^ -~]/g, '?');
}
