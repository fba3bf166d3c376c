import { UNSAFE_NAMES } from '../common/json-body.js';
import { parseStrictObject } from './strict-json.js';
import { TokenExpired, TokenInvalid } from './tokens.errors.js';

/** What an access token says (http-api.md, "The access token"; RFC 9068, section 2.2). Times are NumericDates. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  /** The user's id. */
  readonly sub: string;
  /** The session's id. */
  readonly sid: string;
  readonly client_id: string;
  readonly jti: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly auth_time: number;
  /** How the person proved themself (RFC 8176). */
  readonly amr?: readonly string[];
  /** What the host application or a feature added. */
  readonly [name: string]: unknown;
}

/** Names that only the service itself fills in, also those that it leaves out at times. */
export const OWN_CLAIMS: ReadonlySet<string> = new Set([
  'iss', 'aud', 'sub', 'sid', 'client_id', 'jti', 'iat', 'nbf', 'exp', 'auth_time', 'amr',
]); // prettier-ignore

export interface ClaimRules {
  readonly issuer: string;
  readonly audience: string;
  readonly ttlSeconds: number;
  readonly leewaySeconds: number;
}

/**
 * Step 7 of the strict check (security.md): every required claim is there and means what it must; absent never means
 * skip. Members with unsafe names are left out, at any depth.
 * @throws TokenInvalid
 */
export function readClaims(payload: Buffer, rules: ClaimRules): AccessTokenClaims {
  const claims = parseStrictObject(payload, (name, value: unknown) =>
    UNSAFE_NAMES.has(name) ? undefined : value,
  );
  if (!claims) throw new TokenInvalid('payload is no strict JSON object');
  if (claims.iss !== rules.issuer) throw new TokenInvalid('iss is not ours');
  if (!isAudience(claims.aud, rules.audience)) throw new TokenInvalid('aud is not ours');
  for (const name of ['sub', 'sid', 'jti', 'client_id']) {
    if (typeof claims[name] !== 'string' || claims[name] === '')
      throw new TokenInvalid(`${name} is no string`);
  }
  for (const name of ['iat', 'nbf', 'exp', 'auth_time']) {
    if (!isNumericDate(claims[name])) throw new TokenInvalid(`${name} is no time`);
  }
  if (claims.amr !== undefined && !isStrings(claims.amr)) throw new TokenInvalid('amr is no list of strings');
  const typed = claims as unknown as AccessTokenClaims;
  const lifetime = typed.exp - typed.iat;
  // A lowered TTL ends older tokens.
  if (lifetime <= 0 || lifetime > rules.ttlSeconds)
    throw new TokenInvalid('exp does not fit iat and the TTL');
  return typed;
}

/**
 * Step 8, first half: whether a token may be used already, with leeway (parity BT-04).
 * @throws TokenInvalid
 */
export function assertBegun(
  { iat, nbf }: AccessTokenClaims,
  nowSeconds: number,
  { leewaySeconds }: ClaimRules,
): void {
  if (Math.max(iat, nbf) > nowSeconds + leewaySeconds) throw new TokenInvalid('not valid yet');
}

/**
 * Step 8, second half: whether it is late, with leeway. Comes last, because only a genuine token may be told so.
 * @throws TokenExpired
 */
export function assertNotLate(
  { exp }: AccessTokenClaims,
  nowSeconds: number,
  { leewaySeconds }: ClaimRules,
): void {
  if (nowSeconds >= exp + leewaySeconds) throw new TokenExpired();
}

/** RFC 7519, section 4.1.3: a string, or several. */
function isAudience(value: unknown, expected: string): boolean {
  return value === expected || (isStrings(value) && value.includes(expected));
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isNumericDate(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
