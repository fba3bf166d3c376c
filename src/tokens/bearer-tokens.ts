import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import type { AccessTokenClaims, ClaimRules } from './access-token-claims.js';
import { claimsFor, signAccessToken, type TokenSubject } from './issue-access-token.js';
import { KeyRing } from './key-ring.js';
import { TokenVerifier } from './token-verifier.js';

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
    const claims = claimsFor(subject, this.rules, this.clock.nowSeconds());
    const token = signAccessToken(claims, this.keyRing.current, this.jwt);
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
}
