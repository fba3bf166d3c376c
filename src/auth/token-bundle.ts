import { Injectable } from '@nestjs/common';
import type { UserSession } from '../sessions/sessions.service.js';
import { BearerTokens } from '../tokens/bearer-tokens.js';
import { RefreshTokens } from '../tokens/refresh-tokens.js';
import type { User } from '../users/user.entity.js';

/** What a completed sign-in hands out. */
export interface TokenBundle {
  token: string;
  expiresInSeconds: number;
  expiresAt: Date;
  refreshToken: string;
  refreshExpiresAt: Date;
  user: User;
}

/** Makes the tokens of a session. */
@Injectable()
export class TokenBundles {
  constructor(
    private readonly bearerTokens: BearerTokens,
    private readonly refreshTokens: RefreshTokens,
  ) {}

  /** A fresh access token, and the session's current refresh token. */
  issue({ user, session }: UserSession): TokenBundle {
    const { token, expiresAt, expiresInSeconds } = this.issueAccessToken({ user, session });
    const refreshToken = this.refreshTokens.issue(session.id, session.generation);
    return { token, expiresAt, expiresInSeconds, refreshToken, refreshExpiresAt: session.expiresAt, user };
  }

  issueAccessToken({ user, session }: UserSession): ReturnType<BearerTokens['issue']> {
    return this.bearerTokens.issue({
      userId: user.id,
      sessionId: session.id,
      authenticatedAt: session.authenticatedAt,
      sessionEndsAt: session.idleExpiresAt,
      methods: session.methods,
    });
  }
}
