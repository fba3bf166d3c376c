import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { BearerTokens } from '../tokens/bearer-tokens.js';
import { RefreshTokens } from '../tokens/refresh-tokens.js';

/** Signing out: whatever token a client still holds says of which session. */
@Injectable()
export class SignOutService {
  constructor(
    private readonly bearerTokens: BearerTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly sessions: SessionsService,
  ) {}

  /** Ends every session that one of the tokens names, late ones too; what is not ours is passed over (SS-07). */
  async signOut(tokens: { accessTokens: string[]; refreshTokens: string[] }): Promise<void> {
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
