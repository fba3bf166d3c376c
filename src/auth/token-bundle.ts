import { Injectable } from '@nestjs/common';
import { Unavailable } from '../common/common.errors.js';
import type { UserSession } from '../sessions/sessions.service.js';
import { BearerTokens } from '../tokens/bearer-tokens.js';
import { RefreshTokens } from '../tokens/refresh-tokens.js';
import { SessionRevoked } from '../tokens/tokens.errors.js';
import type { User } from '../users/user.entity.js';

/** How tokens travel: in the body, or as two HttpOnly cookies. */
export type Transport = 'body' | 'cookie';

/** What a completed sign-in hands out. */
export interface TokenBundle {
  token: string;
  expiresInSeconds: number;
  expiresAt: Date;
  refreshToken: string;
  refreshExpiresAt: Date;
  user: User;
}

/** What a host application has to say in the tokens of this session. */
export type ClaimsHook = (session: UserSession) => Record<string, unknown>;

/** Makes the tokens of a session. */
@Injectable()
export class TokenBundles {
  private readonly hooks: ClaimsHook[] = [];

  constructor(
    private readonly bearerTokens: BearerTokens,
    private readonly refreshTokens: RefreshTokens,
  ) {}

  /**
   * Adds claims to every access token; call it from `onModuleInit`. They never replace ours, and they are read by
   * whoever holds the token: nothing secret belongs there.
   */
  addClaims(hook: ClaimsHook): void {
    this.hooks.push(hook);
  }

  /**
   * A fresh access token, and the current refresh token, of a session that the database has just called live.
   * @throws Unavailable when it is over by the clock of this process, which is wrong then: it signs nobody out (RES-13)
   */
  issue({ user, session }: UserSession): TokenBundle {
    const { token, expiresAt, expiresInSeconds } = this.issueForLive({ user, session });
    const refreshToken = this.refreshTokens.issue(session.id, session.generation);
    return { token, expiresAt, expiresInSeconds, refreshToken, refreshExpiresAt: session.expiresAt, user };
  }

  private issueForLive(live: UserSession): ReturnType<BearerTokens['issue']> {
    try {
      return this.issueAccessToken(live);
    } catch (error) {
      if (error instanceof SessionRevoked)
        throw new Unavailable('the clock is ahead of that of the database');
      throw error;
    }
  }

  issueAccessToken({ user, session }: UserSession): ReturnType<BearerTokens['issue']> {
    return this.bearerTokens.issue({
      userId: user.id,
      sessionId: session.id,
      authenticatedAt: session.authenticatedAt,
      sessionEndsAt: session.idleExpiresAt,
      methods: session.methods,
      extra: Object.assign({}, ...this.hooks.map((hook) => hook({ user, session }))) as Record<
        string,
        unknown
      >,
    });
  }
}
