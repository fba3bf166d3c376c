import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../common/clock.js';
import { UNSAFE_NAMES } from '../common/json-body.js';
import { AppConfig } from '../config/app-config.js';
import {
  type AccessTokenClaims,
  assertBegun,
  assertNotLate,
  type ClaimRules,
  OWN_CLAIMS,
  readClaims,
} from './access-token-claims.js';
import { KeyRing } from './key-ring.js';
import { inspectToken, MAX_TOKEN_BYTES, verifySignature } from './token-signature.js';
import { SessionRevoked } from './tokens.errors.js';

/** The `client_id` of tokens that come from signing in here, not through an OAuth client (RFC 9068 requires one). */
export const FIRST_PARTY_CLIENT_ID = 'tokenhouse';

const MAX_REMEMBERED = 10_000;

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

export interface IssuedToken {
  token: string;
  claims: AccessTokenClaims;
  expiresInSeconds: number;
  expiresAt: Date;
}

/** Our access tokens: JWTs with the profile of RFC 9068, made and checked in this one place. */
@Injectable()
export class BearerTokens {
  private readonly rules: ClaimRules;
  private readonly genuine = new Map<unknown, Buffer>();

  constructor(
    private readonly jwt: JwtService,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
    { bearerToken }: AppConfig,
  ) {
    const { issuer, audience, ttlMinutes, leewaySeconds } = bearerToken;
    this.rules = { issuer, audience, ttlSeconds: ttlMinutes * 60, leewaySeconds };
  }

  /**
   * A token that lives for the TTL, and never longer than its session.
   * @throws SessionRevoked when the session's time is over, RangeError when `extra` makes it too long to be accepted
   */
  issue(subject: TokenSubject): IssuedToken {
    const { current } = this.keyRing;
    const claims = this.claimsFor(subject);
    const token = this.jwt.sign(claims, {
      algorithm: current.algorithm,
      privateKey: current.signingKey,
      header: { alg: current.algorithm, kid: current.kid, typ: 'at+jwt' },
    });
    if (token.length > MAX_TOKEN_BYTES)
      throw new RangeError('The additional claims make the token too long.');
    return {
      token,
      claims,
      expiresInSeconds: claims.exp - claims.iat,
      expiresAt: new Date(claims.exp * 1000),
    };
  }

  /**
   * Steps 1 to 8 of the strict check (security.md): everything that the token itself can tell. Whether its session
   * lives is for the caller to ask.
   * @param options.acceptExpired late ones count too, for signing out with them
   * @throws TokenInvalid, TokenExpired (genuine, and late)
   */
  verify(token: unknown, options: { acceptExpired?: boolean } = {}): AccessTokenClaims {
    const claims = readClaims(this.genuinePayload(token), this.rules);
    const now = this.clock.nowSeconds();
    assertBegun(claims, now, this.rules);
    if (!options.acceptExpired) assertNotLate(claims, now, this.rules);
    return claims;
  }

  /** The key that must verify a token's signature, after steps 1 to 5; for Passport. @throws TokenInvalid */
  verificationKey(token: unknown): KeyObject {
    return inspectToken(token, this.keyRing).key.verificationKey;
  }

  /**
   * Steps 1 to 6. A signature that was good stays good, so its token's payload is remembered: by the whole text of the
   * token, a bounded number, and never a refusal. Claims and times are read anew at every check.
   */
  private genuinePayload(token: unknown): Buffer {
    const known = this.genuine.get(token);
    if (known) return known;
    const inspected = inspectToken(token, this.keyRing);
    verifySignature(inspected, this.jwt);
    // A Map keeps the order of insertion: the first is the oldest.
    if (this.genuine.size >= MAX_REMEMBERED) this.genuine.delete(this.genuine.keys().next().value);
    this.genuine.set(token, inspected.payload);
    return inspected.payload;
  }

  private claimsFor(subject: TokenSubject): AccessTokenClaims {
    const { issuer: iss, audience: aud, ttlSeconds } = this.rules;
    const iat = this.clock.nowSeconds();
    const sessionEnd = Math.floor(subject.sessionEndsAt.getTime() / 1000);
    if (sessionEnd <= iat) throw new SessionRevoked();
    return {
      ...foreignClaims(subject.extra),
      iss,
      aud,
      sub: subject.userId,
      sid: subject.sessionId,
      client_id: FIRST_PARTY_CLIENT_ID,
      jti: uuidv7(),
      iat,
      nbf: iat,
      exp: Math.min(iat + ttlSeconds, sessionEnd),
      auth_time: Math.floor(subject.authenticatedAt.getTime() / 1000),
      ...(subject.methods.length > 0 && { amr: [...subject.methods] }),
    };
  }
}

function foreignClaims(extra: Record<string, unknown> = {}): Record<string, unknown> {
  const entries = Object.entries(extra).filter(([name]) => !OWN_CLAIMS.has(name) && !UNSAFE_NAMES.has(name));
  return Object.fromEntries(entries);
}
