import { MalformedRequest } from '../common/common.errors.js';
import { headerLines, type HttpRequest, isSafeMethod } from '../common/http.js';
import { TokenInvalid } from '../tokens/tokens.errors.js';
import type { TokenCookies } from './token-cookies.js';

/** An access token as a request brought it, not checked yet. */
interface Credential {
  token: string;
  from: 'header' | 'cookie';
}

const BEARER = /^bearer +(\S+) *$/i;

/**
 * The token of an `Authorization` header, for what acts on it; `getToken`, which only reads, takes what Auth.js takes
 * (tokens/get-token/request-bearer.ts). Undefined when there is none, or of another scheme or shape.
 */
export function bearerToken(authorization: string | undefined): string | undefined {
  return BEARER.exec(authorization ?? '')?.[1];
}

/**
 * The access token of a request: the `Authorization` header decides, a bad one is never rescued by a good cookie.
 * `otherCookies` (`TOKEN_COOKIE_NAMES`) count for safe methods only. Null when the request brings none.
 * @throws TokenInvalid when the header is there and is no bearer token
 */
export function findCredential(
  request: HttpRequest,
  cookies: TokenCookies,
  otherCookies: readonly string[],
): Credential | null {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = bearerToken(authorization);
    if (token === undefined) throw new TokenInvalid('the Authorization header holds no bearer token');
    return { token, from: 'header' };
  }
  if (request.headers.cookie === undefined) return null;
  const values = cookies.read(request);
  const names = isSafeMethod(request.method) ? [cookies.sessionName, ...otherCookies] : [cookies.sessionName];
  const name = names.find((candidate) => values[candidate]);
  return name === undefined ? null : { token: values[name] ?? '', from: 'cookie' };
}

/**
 * Refuses what two readers could understand differently: Node keeps the first of two `Authorization` or `Host`
 * lines silently, and of two cookies of one name each parser keeps another.
 * @throws MalformedRequest
 */
export function assertUnambiguous(request: HttpRequest, cookies: TokenCookies): void {
  const lines = headerLines(request);
  const counts: Record<string, number> = {};
  for (let index = 0; index < lines.length; index += 2) {
    const name = (lines[index] ?? '').toLowerCase();
    if (name !== 'authorization' && name !== 'host') continue;
    counts[name] = (counts[name] ?? 0) + 1;
    if (counts[name] > 1) throw new MalformedRequest(`The request has two ${name} headers.`);
  }
  const { cookie } = request.headers;
  if (cookie === undefined) return;
  for (const name of [cookies.sessionName, cookies.refreshName]) {
    const times = cookie.split(';').filter((part) => part.split('=', 1)[0]?.trim() === name).length;
    if (times > 1) throw new MalformedRequest(`The request has the cookie ${name} twice.`);
  }
}
