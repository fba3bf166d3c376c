import { parseCookie } from 'cookie';
import { MalformedRequest } from '../common/common.errors.js';
import { headerLines, type HttpRequest, isSafeMethod } from '../common/http.js';
import { TokenInvalid } from '../tokens/tokens.errors.js';

/** The cookies that may carry an access token. */
export interface CookieNames {
  always: readonly string[];
  /** For safe methods only, because nothing else keeps other sites from using them. */
  safeMethods: readonly string[];
}

/** An access token as a request brought it, not checked yet. */
interface Credential {
  token: string;
  from: 'header' | 'cookie';
}

/**
 * The token of an `Authorization` header, for what acts on it; `getToken`, which only reads, takes what Auth.js takes
 * (tokens/get-token/request-bearer.ts). Undefined when there is none, or of another scheme or shape.
 */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization?.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  const token = authorization.slice(7).trim();
  return token === '' || token.includes(' ') ? undefined : token;
}

/**
 * The access token of a request: the `Authorization` header decides, a bad one is never rescued by a good cookie.
 * Null when the request brings none.
 * @throws TokenInvalid when the header is there and is no bearer token
 */
export function findCredential(request: HttpRequest, cookies: CookieNames): Credential | null {
  const { authorization, cookie } = request.headers;
  if (authorization !== undefined) {
    const token = bearerToken(authorization);
    if (token === undefined) throw new TokenInvalid('the Authorization header holds no bearer token');
    return { token, from: 'header' };
  }
  if (cookie === undefined) return null;
  const values = parseCookie(cookie);
  const names = isSafeMethod(request.method) ? [...cookies.always, ...cookies.safeMethods] : cookies.always;
  const name = names.find((candidate) => values[candidate]);
  return name === undefined ? null : { token: values[name] ?? '', from: 'cookie' };
}

/**
 * Refuses what two readers could understand differently: Node keeps the first of two `Authorization` or `Host`
 * lines silently, and of two cookies of one name each parser keeps another.
 * @throws MalformedRequest
 */
export function assertUnambiguous(request: HttpRequest, cookieNames: readonly string[]): void {
  const lines = headerLines(request);
  const counts: Record<string, number> = {};
  for (let index = 0; index < lines.length; index += 2) {
    const name = lines[index] ?? '';
    if (name.length !== 'host'.length && name.length !== 'authorization'.length) continue;
    const single = name.toLowerCase();
    if (single !== 'authorization' && single !== 'host') continue;
    counts[single] = (counts[single] ?? 0) + 1;
    if (counts[single] > 1) throw new MalformedRequest(`The request has two ${single} headers.`);
  }
  const { cookie } = request.headers;
  if (cookie === undefined) return;
  for (const name of cookieNames) {
    const times = cookie.split(';').filter((part) => part.split('=', 1)[0]?.trim() === name).length;
    if (times > 1) throw new MalformedRequest(`The request has the cookie ${name} twice.`);
  }
}
