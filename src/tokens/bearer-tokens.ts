import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../common/clock.js';
import { UNSAFE_NAMES } from '../common/json-body.js';
import { AppConfig } from '../config/app-config.js';
import { type AccessTokenClaims, type ClaimRules, OWN_CLAIMS } from './access-token-claims.js';
import { KeyRing } from './key-ring.js';
import { MAX_TOKEN_BYTES } from './token-signature.js';
import { TokenVerifier } from './token-verifier.js';
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
  private readonly verifier: TokenVerifier;

  constructor(
    private readonly jwt: JwtService,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
    { bearerToken }: AppConfig,
  ) {
    const { issuer, audience, ttlMinutes, leewaySeconds } = bearerToken;
    this.rules = { issuer, audience, ttlSeconds: ttlMinutes * 60, leewaySeconds };
    this.verifier = new TokenVerifier(jwt, keyRing, clock, this.rules);
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

  /** @see TokenVerifier.verify */
  verify(token: unknown, options?: { acceptExpired?: boolean }): AccessTokenClaims {
    return this.verifier.verify(token, options);
  }

  /** @see TokenVerifier.verificationKey */
  verificationKey(token: unknown): KeyObject {
    return this.verifier.verificationKey(token);
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
