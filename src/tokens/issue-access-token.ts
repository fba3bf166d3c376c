import { randomUUID } from 'node:crypto';
import type { JwtService } from '@nestjs/jwt';
import { UNSAFE_NAMES } from '../common/json-body.js';
import type { TokenKey } from '../config/keys/token-key.js';
import { type AccessTokenClaims, type ClaimRules, OWN_CLAIMS } from './access-token-claims.js';
import { MAX_TOKEN_BYTES } from './token-signature.js';
import { SessionRevoked } from './tokens.errors.js';

/** The `client_id` of tokens that come from signing in here, not through an OAuth client (RFC 9068 requires one). */
export const FIRST_PARTY_CLIENT_ID = 'tokenhouse';

/** What a token is issued for. */
export interface TokenSubject {
  userId: string;
  sessionId: string;
  authenticatedAt: Date;
  sessionEndsAt: Date;
  /** `amr` values; none: the claim is left out. */
  methods: string[];
  /** Further claims; they never replace ours. */
  extra?: Record<string, unknown>;
}

/**
 * The claims of a token that begins now, lives for the TTL, and never longer than its session.
 * @throws SessionRevoked when the session's time is over
 */
export function claimsFor(
  subject: TokenSubject,
  { issuer, audience, ttlSeconds }: ClaimRules,
  nowSeconds: number,
): AccessTokenClaims {
  const sessionEnd = Math.floor(subject.sessionEndsAt.getTime() / 1000);
  if (sessionEnd <= nowSeconds) throw new SessionRevoked();
  return {
    ...foreignClaims(subject.extra),
    iss: issuer,
    aud: audience,
    sub: subject.userId,
    sid: subject.sessionId,
    client_id: FIRST_PARTY_CLIENT_ID,
    jti: randomUUID(),
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: Math.min(nowSeconds + ttlSeconds, sessionEnd),
    auth_time: Math.floor(subject.authenticatedAt.getTime() / 1000),
    ...(subject.methods.length > 0 && { amr: [...subject.methods] }),
  };
}

/** @throws RangeError when the claims make it too long to be accepted */
export function signAccessToken(claims: AccessTokenClaims, key: TokenKey, jwt: JwtService): string {
  const token = jwt.sign(claims, {
    algorithm: key.algorithm,
    privateKey: key.signingKey,
    header: { alg: key.algorithm, kid: key.kid, typ: 'at+jwt' },
  });
  if (token.length > MAX_TOKEN_BYTES) throw new RangeError('The additional claims make the token too long.');
  return token;
}

function foreignClaims(extra: Record<string, unknown> = {}): Record<string, unknown> {
  const entries = Object.entries(extra).filter(([name]) => !OWN_CLAIMS.has(name) && !UNSAFE_NAMES.has(name));
  return Object.fromEntries(entries);
}
