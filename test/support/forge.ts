import { constants, createHmac, type KeyObject, sign } from 'node:crypto';
import type { JwtAlgorithm } from '../../src/config/app-config.js';
import type { TokenKey } from '../../src/config/keys/token-key.js';

/** A part of a token: bytes as they are, text as its UTF-8 bytes, anything else as JSON. */
export type Part = Buffer | string | object;

export interface Forgery {
  header: Part;
  payload: Part;
  /** Signs whatever the header says; absent: the signature part is empty. */
  key?: KeyObject | Buffer;
  /** How the key signs; default: what the header names. */
  algorithm?: JwtAlgorithm;
}

/** A token with any header and payload, properly signed with any key: what an attacker can make, and the controls. */
export function forgeToken({ header, payload, key, algorithm }: Forgery): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  if (key === undefined) return `${input}.`;
  const named = (header as { alg?: unknown }).alg;
  return `${input}.${signBytes(input, key, algorithm ?? (named as JwtAlgorithm)).toString('base64url')}`;
}

/** A token with the header that the service writes. */
export function forgeAccessToken(key: TokenKey, payload: Part, header: object = {}): string {
  const { algorithm, kid, signingKey } = key;
  return forgeToken({
    header: { alg: algorithm, kid, typ: 'at+jwt', ...header },
    payload,
    key: signingKey,
    algorithm,
  });
}

export interface DecodedToken {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
  signature: Buffer;
}

/** The parts of a well-formed token, unverified. */
export function decodeToken(token: string): DecodedToken {
  const [header, payload, signature] = token.split('.').map((part) => Buffer.from(part, 'base64url'));
  const parse = (bytes: Buffer | undefined) => JSON.parse(String(bytes)) as Record<string, unknown>;
  return { header: parse(header), payload: parse(payload), signature: signature ?? Buffer.alloc(0) };
}

export function encodePart(part: Part): string {
  const bytes = Buffer.isBuffer(part)
    ? part
    : Buffer.from(typeof part === 'string' ? part : JSON.stringify(part));
  return bytes.toString('base64url');
}

/** A signature by the rules of RFC 7518, section 3. */
export function signBytes(input: string, key: KeyObject | Buffer, algorithm: JwtAlgorithm): Buffer {
  const hash = `sha${algorithm.slice(2)}`;
  const data = Buffer.from(input);
  if (algorithm.startsWith('HS')) return createHmac(hash, key).update(data).digest();
  if (Buffer.isBuffer(key)) throw new TypeError('Bytes sign only with HS algorithms.');
  if (algorithm.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
  const padding = algorithm.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return sign(hash, data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
}
