import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { Unavailable } from '../common/common.errors.js';
import type { HttpRequest } from '../common/http.js';
import { within } from '../common/within.js';
import { isDatabaseUnavailable, orUnavailable } from '../database/database.errors.js';
import { findCredential } from '../guard/credential.js';
import { RequestAuthenticator } from '../guard/request-authenticator.js';
import { LastSeen } from '../sessions/last-seen.service.js';
import { LiveDirectory, type LiveToken } from '../sessions/live-directory.js';
import { SessionsService, type UserSession } from '../sessions/sessions.service.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';
import { BearerTokens } from '../tokens/bearer-tokens.js';
import { SessionRevoked, TokenExpired, TokenInvalid } from '../tokens/tokens.errors.js';
import type { Principal } from './principal.js';
import { TokenCookies } from './token-cookies.js';

type Credential = Principal['credential'];

/** For a database that is frozen rather than gone. */
const PATIENCE_MS = 3_000;

/**
 * The one verification of access tokens, behind the guard, the passport strategy, `checkBearerToken` and
 * `GET /api/token` (parity BT-08). A token that is remembered is admitted at once, without a promise.
 */
@Injectable()
export class Authenticator extends RequestAuthenticator {
  constructor(
    private readonly directory: LiveDirectory,
    private readonly bearerTokens: BearerTokens,
    private readonly sessions: SessionsService,
    private readonly lastSeen: LastSeen,
    private readonly cookies: TokenCookies,
  ) {
    super();
  }

  /** Who a request speaks for; null when it brings no token. @throws as `authenticate` */
  authenticateRequest(request: HttpRequest): Principal | null | Promise<Principal> {
    const credential = findCredential(request, this.cookies.accessTokenNames);
    return credential && this.authenticate(credential.token, credential.from);
  }

  /** @throws TokenInvalid, TokenExpired, SessionRevoked, Unavailable when the database cannot be asked */
  authenticate(token: string, from: Credential): Principal | Promise<Principal> {
    const live = this.directory.recall(token);
    return live ? this.admit(live, from) : this.check(token, from);
  }

  private async check(token: string, from: Credential): Promise<Principal> {
    return this.admit(await (this.directory.learning(token) ?? this.learn(token)), from);
  }

  private async learn(token: string): Promise<LiveToken> {
    const claims = this.bearerTokens.verify(token);
    return this.directory.learn(token, claims, () => this.requireLive(claims));
  }

  private admit({ user, session, claims }: LiveToken, credential: Credential): Principal {
    this.lastSeen.note(session);
    return { user, session, claims, credential };
  }

  /** Step 9 of the strict check: the session lives and is the subject's, who is neither banned nor deleted. */
  private async requireLive({ sub, sid }: AccessTokenClaims): Promise<UserSession> {
    const found = isUuid(sid) ? await this.findSession(sid) : null;
    if (!found) throw new SessionRevoked();
    if (found.user.id !== sub) throw new TokenInvalid('sub and sid do not belong together');
    if (!found.live) throw new SessionRevoked();
    if (found.over) throw new TokenExpired();
    return found;
  }

  /** Asks twice before it gives up, because clients sign people out on any error here (parity NX-06). */
  private async findSession(sid: string): ReturnType<SessionsService['find']> {
    const find = (patience: AbortSignal): ReturnType<SessionsService['find']> =>
      this.sessions.find(sid).catch((error: unknown) => {
        if (!isDatabaseUnavailable(error) || patience.aborted) throw error;
        return this.sessions.find(sid);
      });
    try {
      return await within(PATIENCE_MS, find, () => new Unavailable('the database is silent'));
    } catch (error) {
      throw orUnavailable(error);
    }
  }
}
