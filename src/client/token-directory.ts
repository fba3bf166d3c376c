import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { deepFreeze } from '../common/deep-freeze.js';
import type { BearerPrincipal } from '../guard/principal.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';
import { TokenMemory } from '../tokens/token-memory.js';
import { SessionRevoked } from '../tokens/tokens.errors.js';
import { AuthClientSettings } from './auth-client.options.js';
import type { Revocation } from './revocation.js';
import { RevocationList } from './revocation-list.js';

/** A token that was verified, and whom it stands for. Shared, hence frozen. */
export type VerifiedToken = Omit<BearerPrincipal, 'credential'>;

/** What is known here of tokens: those that were verified, and those that were revoked. */
@Injectable()
export class TokenDirectory {
  private readonly memory = new TokenMemory<VerifiedToken>();
  private readonly revoked = new RevocationList();

  constructor(
    private readonly clock: Clock,
    private readonly settings: AuthClientSettings,
  ) {}

  /** Undefined for a token that must be verified. */
  recall(token: string): VerifiedToken | undefined {
    return this.memory.recall(token, this.clock.nowMs());
  }

  /**
   * Keeps a token. Call it in the same breath as its verification: a revocation in between would hit neither what is
   * not remembered yet, nor what has been asked already.
   * @throws SessionRevoked
   */
  learn(token: string, claims: AccessTokenClaims): VerifiedToken {
    if (this.revoked.revokes(claims)) throw new SessionRevoked();
    const verified = deepFreeze(describe(claims));
    this.memory.keep(token, claims, verified, (claims.exp + this.settings.leewaySeconds) * 1000);
    return verified;
  }

  hear(revocation: Revocation): void {
    // By the service's leeway no token is left at that time; by ours some may be.
    const expiresAtMs = revocation.expiresAtMs + this.settings.leewaySeconds * 1000;
    const cut = { notBeforeMs: revocation.notBeforeMs, expiresAtMs };
    if ('sid' in revocation) {
      this.revoked.endSession(revocation.sid, cut, this.clock.nowMs());
      this.memory.forgetSession(revocation.sid);
    } else if ('sub' in revocation) {
      this.revoked.cutUser(revocation.sub, cut, this.clock.nowMs());
      this.memory.forgetUser(revocation.sub);
    } else this.forget();
  }

  /** Every token is verified anew; what is known to be revoked stays so. */
  forget(): void {
    this.memory.clear();
  }
}

function describe(claims: AccessTokenClaims): VerifiedToken {
  return {
    user: { id: claims.sub },
    session: {
      id: claims.sid,
      methods: claims.amr ?? [],
      authenticatedAt: new Date(claims.auth_time * 1000),
    },
    claims,
  };
}
