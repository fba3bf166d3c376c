import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { SessionRotation } from '../sessions/session-rotation.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { BearerTokens } from '../tokens/bearer-tokens.js';
import { RefreshTokens } from '../tokens/refresh-tokens.js';
import { RefreshTokenInvalid } from '../tokens/tokens.errors.js';
import { RecentBundles } from './recent-bundles.js';
import { type TokenBundle, TokenBundles } from './token-bundle.js';

/** Renews and ends the session that a token names. */
@Injectable()
export class SessionTokens {
  constructor(
    private readonly refreshTokens: RefreshTokens,
    private readonly bearerTokens: BearerTokens,
    private readonly rotation: SessionRotation,
    private readonly sessions: SessionsService,
    private readonly bundles: TokenBundles,
    private readonly recent: RecentBundles,
  ) {}

  /** @throws RefreshTokenInvalid, RefreshTokenReused, SessionRevoked */
  async refresh(refreshToken: unknown): Promise<TokenBundle> {
    const named = this.refreshTokens.read(refreshToken);
    if (!named) throw new RefreshTokenInvalid();
    const rotation = await this.rotation.rotate(named.sessionId, named.generation);
    return this.recent.remember(rotation, () => this.bundles.issue(rotation));
  }

  /** Ends every session that one of the tokens names, late ones too; what is not ours is passed over (SS-07). */
  async logout(tokens: { accessTokens: string[]; refreshTokens: string[] }): Promise<void> {
    const named = [
      ...tokens.accessTokens.map((token) => this.sessionOf(token)),
      ...tokens.refreshTokens.map((token) => this.refreshTokens.read(token)?.sessionId),
    ];
    for (const sid of new Set(named)) if (sid) await this.sessions.end(sid, 'logout');
  }

  private sessionOf(accessToken: string): string | undefined {
    try {
      return this.bearerTokens.verify(accessToken, { acceptExpired: true }).sid;
    } catch (error) {
      if (error instanceof DomainError) return undefined;
      throw error;
    }
  }
}
