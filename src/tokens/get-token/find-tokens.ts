import { decodeProtectedHeader } from 'jose';
import { isSafeMethod } from '../../common/http.js';
import { findBearer, type Bearer } from './request-bearer.js';
import { RequestCookies } from './request-cookies.js';
import type { RequestHead } from './request-head.js';
import type { TokenPlaces } from './token-places.js';

/** A token as it was found: unverified. */
export interface FoundToken {
  readonly token: string;
  /** Ours by its shape; else one of Auth.js, or nothing at all. */
  readonly own: boolean;
  /** What an Auth.js token of that place is salted with. */
  readonly salt: string;
}

/**
 * The tokens of a request, in the order in which they count (parity JA-04): our own from the header, then from a cookie;
 * those of Auth.js from a cookie, then from the header. An own token in the header stands alone, and any bearer token
 * hides our cookies: a bad header is never rescued by a good cookie.
 */
export function findTokens(head: RequestHead, places: TokenPlaces): FoundToken[] {
  const bearer = findBearer(head);
  const fromHeader = bearerTokens(bearer, places);
  if (fromHeader[0]?.own) return fromHeader.slice(0, 1);
  const cookies = new RequestCookies(head.cookie);
  const own = bearer.sent ? [] : ownTokens(cookies, places, head.method);
  const authjs = authjsTokens(cookies, places);
  return [...own, ...(authjs.length > 0 ? authjs : fromHeader)];
}

/**
 * Whether this is a token of ours by its shape: three segments, of the type `at+jwt` (RFC 9068, section 2.1).
 * It says nothing about who signed it.
 */
function isOwnToken(token: string): boolean {
  if (token.split('.').length !== 3) return false;
  try {
    return decodeProtectedHeader(token).typ === 'at+jwt';
  } catch {
    return false;
  }
}

function bearerTokens({ token }: Bearer, places: TokenPlaces): FoundToken[] {
  if (!token) return [];
  return places.headerSalts.map((salt) => ({ token, own: isOwnToken(token), salt }));
}

function ownTokens(cookies: RequestCookies, places: TokenPlaces, method?: string): FoundToken[] {
  const safe = method !== undefined && isSafeMethod(method);
  const names = safe ? [...places.ownCookies, ...places.safeMethodCookies] : places.ownCookies;
  return names.flatMap((name) => {
    const token = cookies.single(name);
    return token && isOwnToken(token) ? [{ token, own: true, salt: places.salt ?? name }] : [];
  });
}

function authjsTokens(cookies: RequestCookies, places: TokenPlaces): FoundToken[] {
  return places.authjsCookies.flatMap((name) => {
    const token = cookies.joined(name);
    return token && !isOwnToken(token) ? [{ token, own: false, salt: places.salt ?? name }] : [];
  });
}
