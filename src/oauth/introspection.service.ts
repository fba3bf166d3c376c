import { Injectable } from '@nestjs/common';
import { Authenticator } from '../auth/authenticator.js';
import { AppConfig } from '../config/app-config.js';
import { SessionRotation } from '../sessions/session-rotation.service.js';
import type { Session } from '../sessions/session.entity.js';
import { FIRST_PARTY_CLIENT_ID } from '../tokens/issue-access-token.js';
import { RefreshTokens } from '../tokens/refresh-tokens.js';
import { isRefusal } from '../tokens/tokens.errors.js';
import type { User } from '../users/user.entity.js';

/** What RFC 7662, section 2.2, says of a token that counts: claims, never the e-mail address. */
type ActiveToken = { active: true } & Record<string, unknown>;

/** Tells another service what a token is worth now. */
@Injectable()
export class IntrospectionService {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly refreshTokens: RefreshTokens,
    private readonly rotation: SessionRotation,
    private readonly config: AppConfig,
  ) {}

  /**
   * An access token by the one verification, a refresh token as refreshing would judge it. One that does not count
   * is told without a reason (RFC 7662, section 2.2).
   * @throws Unavailable when the database cannot be asked: neither yes nor no would be right then
   */
  async introspect(token: string): Promise<ActiveToken | { active: false }> {
    return (await this.accessToken(token)) ?? (await this.refreshToken(token)) ?? { active: false };
  }

  private async accessToken(token: string): Promise<ActiveToken | null> {
    try {
      const { claims, user, session } = await this.authenticator.authenticate(token, 'code');
      return { ...claims, ...known(user, session), active: true, token_type: 'Bearer' };
    } catch (error) {
      if (isRefusal(error)) return null;
      throw error;
    }
  }

  private async refreshToken(token: string): Promise<ActiveToken | null> {
    const named = this.refreshTokens.read(token);
    const found = named && (await this.rotation.findRotatable(named.sessionId, named.generation));
    if (!found) return null;
    const { session, user } = found;
    return {
      active: true,
      iss: this.config.bearerToken.issuer,
      sub: user.id,
      sid: session.id,
      client_id: FIRST_PARTY_CLIENT_ID,
      exp: seconds(session.idleExpiresAt),
      ...known(user, session),
    };
  }
}

/** Who it is, and how they are proven now: since a token was made, the session may have been raised, or lost its second factor. */
function known({ username }: User, { authenticatedAt, methods }: Session): Record<string, unknown> {
  return {
    auth_time: seconds(authenticatedAt),
    amr: methods.length > 0 ? methods : undefined,
    ...(username !== null && { username }),
  };
}

/** A NumericDate (RFC 7519, section 2). */
function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
