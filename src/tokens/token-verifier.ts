import type { KeyObject } from 'node:crypto';
import type { JwtService } from '@nestjs/jwt';
import type { Clock } from '../common/clock.js';
import {
  type AccessTokenClaims,
  assertBegun,
  assertNotLate,
  type ClaimRules,
  readClaims,
} from './access-token-claims.js';
import type { KeyLookup } from './key-ring.js';
import { inspectToken, verifySignature } from './token-signature.js';

/** The strict check of access tokens: of the service by its own keys, of the client package by the published ones. */
export class TokenVerifier {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyLookup,
    private readonly clock: Clock,
    private readonly rules: ClaimRules,
  ) {}

  /**
   * Steps 1 to 8 of the strict check (security.md): everything that the token itself can tell. Whether its session
   * lives is for the caller to ask.
   * @param options.acceptExpired late ones count too, for signing out with them
   * @throws TokenInvalid, KeyUnknown, TokenExpired (genuine, and late)
   */
  verify(token: unknown, options: { acceptExpired?: boolean } = {}): AccessTokenClaims {
    const inspected = inspectToken(token, this.keys);
    verifySignature(inspected, this.jwt);
    const claims = readClaims(inspected.payload, this.rules);
    const now = this.clock.nowSeconds();
    assertBegun(claims, now, this.rules);
    if (!options.acceptExpired) assertNotLate(claims, now, this.rules);
    return claims;
  }

  /** The key that must verify a token's signature, after steps 1 to 5; for Passport. @throws TokenInvalid */
  verificationKey(token: unknown): KeyObject {
    return inspectToken(token, this.keys).key.verificationKey;
  }
}
