import { decodeAuthjsToken } from './authjs-token.js';
import { readRequestHead, type EventLike, type RequestLike } from './request-head.js';
import { tokenPlaces } from './token-places.js';
import { findTokens, type FoundToken } from './find-tokens.js';

export type { EventLike, RequestLike } from './request-head.js';

export type TokenClaims = Record<string, unknown>;

/** What a custom `decode` gets: the names of Auth.js. `secret` is empty when none is known. */
export interface DecodeParams {
  token: string;
  secret: string | string[];
  salt: string;
}

/** The options of Auth.js' `getToken`; what is left out comes from the running service, see `bindGetToken`. */
export interface GetTokenOptions {
  /** A fetch `Request`, or a request of Node, Express, Fastify or NestJS. This or `event` is required. */
  req?: RequestLike;
  /** An h3 event, as Nuxt and Nitro hand it to a route. */
  event?: EventLike;
  /** The encoded token, unverified, instead of its claims. */
  raw?: boolean;
  /** Of Auth.js tokens: one, several separated by commas, or a list (taken as it is); the newest first. */
  secret?: string | readonly string[];
  /** Of Auth.js tokens; default: the name of the cookie. */
  salt?: string;
  /** The one cookie to look at; default: ours and those of Auth.js and NextAuth. */
  cookieName?: string;
  /** True: the cookies named `__Secure-…` and `__Host-…`; false: those without a prefix. */
  secureCookie?: boolean;
  /** Reads whatever token is found, our own included, instead of the built-in readers. Null, or throwing: unreadable. */
  decode?(params: DecodeParams): Promise<TokenClaims | null> | TokenClaims | null;
  /** Hears at `debug` why a token was not read, without the token. */
  logger?: { debug(message: string): void };
}

/** What a running service lends to `getToken`. */
export interface GetTokenDefaults {
  /** Claims of our own access token; null when it does not count. Rejects only when it cannot tell. */
  verifyOwnToken(token: string): Promise<TokenClaims | null>;
  secrets: readonly string[];
  secureCookie: boolean;
  /** Further cookies that may carry our access token, for safe methods only. */
  cookieNames: readonly string[];
}

const bound: GetTokenDefaults[] = [];

/**
 * Lets `getToken` work without options and read our own tokens. Of several running services in one process the last
 * one bound counts. Returns what takes it back.
 */
export function bindGetToken(defaults: GetTokenDefaults): () => void {
  const entry = { ...defaults };
  bound.push(entry);
  return () => {
    const at = bound.indexOf(entry);
    if (at >= 0) bound.splice(at, 1);
  };
}

/**
 * The claims of the token that came with this request; null when there is none or it cannot be read, for whatever
 * reason. With `raw`, the encoded token itself, which nobody has verified.
 * Our own tokens count in the header first, then in a cookie; those of Auth.js in a cookie first, then in the header.
 * @throws TypeError without a request; beyond that only what `verifyOwnToken` throws, as when the database is down.
 */
export async function getToken(options: GetTokenOptions & { raw: true }): Promise<string | null>;
export async function getToken(options: GetTokenOptions & { raw?: false }): Promise<TokenClaims | null>;
export async function getToken(options: GetTokenOptions): Promise<TokenClaims | string | null>;
export async function getToken(options: GetTokenOptions): Promise<TokenClaims | string | null> {
  const defaults = bound.at(-1);
  const found = findTokens(readRequestHead(options), tokenPlaces(options, defaults));
  if (options.raw) return found[0]?.token ?? null;
  for (const candidate of found) {
    const claims = await readToken(candidate, options, defaults);
    if (claims) return claims;
  }
  return null;
}

async function readToken(
  found: FoundToken,
  options: GetTokenOptions,
  defaults: GetTokenDefaults | undefined,
): Promise<TokenClaims | null> {
  if (found.own && !options.decode) return (await defaults?.verifyOwnToken(found.token)) ?? null;
  try {
    return await decodeForeign(found, options, secretsOf(options.secret ?? defaults?.secrets ?? []));
  } catch (error) {
    options.logger?.debug(`The token of this request was not read: ${reason(error)}`);
    return null;
  }
}

async function decodeForeign(
  { token, salt }: FoundToken,
  options: GetTokenOptions,
  secrets: string[],
): Promise<TokenClaims | null> {
  if (options.decode) {
    return options.decode({ token, salt, secret: secrets.length > 1 ? secrets : (secrets[0] ?? '') });
  }
  // Parity JA-05: without a secret, own tokens only.
  return secrets.length > 0 ? decodeAuthjsToken(token, secrets, salt) : null;
}

function secretsOf(secret: string | readonly string[]): string[] {
  const list = typeof secret === 'string' ? secret.split(',').map((part) => part.trim()) : secret;
  return list.filter(Boolean);
}

/** The kind of error only: its message could quote the token. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
