import type { RequestHead } from './request-head.js';

/** `sent`: the request names a bearer token. `token`: which one; null when it cannot be read. */
export interface Bearer {
  readonly sent: boolean;
  readonly token: string | null;
}

/**
 * The bearer token of the `Authorization` header, unverified. The scheme may be in any case (RFC 9110, section 11.1) and
 * the token percent-encoded, as Auth.js' clients send it; the guard is stricter (guard/credential.ts). Two headers, two words or a broken encoding: sent, but null.
 */
export function findBearer({ authorization }: Pick<RequestHead, 'authorization'>): Bearer {
  const bearers = authorization.filter((value) => /(^|,)\s*bearer(\s|$)/i.test(value));
  if (bearers.length === 0) return { sent: false, token: null };
  const [, encoded] = /^\s*bearer +(\S+)\s*$/i.exec(bearers[0] ?? '') ?? [];
  if (authorization.length > 1 || encoded === undefined) return { sent: true, token: null };
  return { sent: true, token: percentDecoded(encoded) };
}

function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // parity JA-04
  }
}
