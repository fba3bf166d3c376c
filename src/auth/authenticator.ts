import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import type { HttpRequest } from '../common/http.js';
import { AppConfig } from '../config/app-config.js';
import { isDatabaseUnavailable, orUnavailable } from '../database/database.errors.js';
import { LastSeen } from '../sessions/last-seen.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { BearerTokens } from '../tokens/bearer-tokens.js';
import { SessionRevoked, TokenExpired, TokenInvalid } from '../tokens/tokens.errors.js';
import { findCredential } from './credential.js';
import type { Principal } from './principal.js';
import { TokenCookies } from './token-cookies.js';

/**
 * The one verification of access tokens, behind the guard, the passport strategy, `checkBearerToken` and
 * `GET /api/token` (parity BT-08).
 */
@Injectable()
export class Authenticator {
  constructor(
    private readonly bearerTokens: BearerTokens,
    private readonly sessions: SessionsService,
    private readonly lastSeen: LastSeen,
    private readonly cookies: TokenCookies,
    private readonly config: AppConfig,
  ) {}

  /** Who a request speaks for; null when it brings no token. @throws as `authenticate` */
  async authenticateRequest(request: HttpRequest): Promise<Principal | null> {
    const credential = findCredential(request, this.cookies, this.config.tokenAccess.cookieNames);
    return credential && this.authenticate(credential.token, credential.from);
  }

  /** @throws TokenInvalid, TokenExpired, SessionRevoked, Unavailable when the database cannot be asked */
  async authenticate(token: string, from: Principal['credential']): Promise<Principal> {
    const claims = this.bearerTokens.verify(token);
    const { sub, sid } = claims;
    const found = isUuid(sid) ? await this.findSession(sid) : null;
    if (!found) throw new SessionRevoked();
    if (found.user.id !== sub) throw new TokenInvalid('sub and sid do not belong together');
    if (!found.live) throw new SessionRevoked();
    if (found.over) throw new TokenExpired();
    this.lastSeen.note(found.session);
    return { user: found.user, session: found.session, credential: from, claims };
  }

  /** Asks twice before it gives up, because clients sign people out on any error here (parity NX-06). */
  private async findSession(sid: string): ReturnType<SessionsService['find']> {
    try {
      return await this.sessions.find(sid);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      return this.sessions.find(sid).catch((again: unknown) => {
        throw orUnavailable(again);
      });
    }
  }
}
