import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { setPrincipal } from '../guard/principal.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { isRefusal } from '../tokens/tokens.errors.js';
import type { User } from '../users/user.entity.js';
import { Authenticator } from './authenticator.js';
import { currentPrincipal, type Principal } from './principal.js';
import { TokenBundles } from './token-bundle.js';

/** The three methods that everything else stands on; usable in any provider of a host application. */
@Injectable()
export class AuthService {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly sessions: SessionsService,
    private readonly bundles: TokenBundles,
    private readonly database: Database,
  ) {}

  /**
   * A bearer token for `user`, or for the current user of this request. It belongs to the current session when
   * that is the user's, else to a new one, opened for it quietly: listed and revocable like any other.
   * @returns null when there is no such user, or a banned or deleted one (parity BT-01)
   */
  async getBearerToken(user?: Pick<User, 'id'> | null): Promise<string | null> {
    const principal = currentPrincipal();
    if (user === null || (user === undefined && !principal)) return null;
    if (principal && (user === undefined || user.id === principal.user.id)) return this.issue(principal);
    const opening = { userId: (user as Pick<User, 'id'>).id, methods: [], remember: false };
    const opened = await this.sessions.open(opening, this.database.manager);
    return opened && this.issue(opened);
  }

  /**
   * The user whose token this is.
   * @returns false when the token is invalid or late, its session over, or the user gone, banned or deleted
   * @throws Unavailable when the database cannot be asked: never a wrong yes, nor a wrong no
   */
  async checkBearerToken(token: unknown): Promise<User | false> {
    const found = this.check(token);
    const principal = found instanceof Promise ? await found : found;
    return principal && principal.user;
  }

  /**
   * `checkBearerToken`, and on success that user is the current one for the rest of this request.
   * No session is opened, no cookie set, nothing outlives the request (parity BT-09).
   */
  async loginUsingBearerToken(token: unknown): Promise<User | false> {
    const principal = await this.check(token);
    if (principal) setPrincipal(principal);
    return principal && principal.user;
  }

  /** Without a promise when the token is remembered: each would cost more than the check. */
  private check(token: unknown): Principal | false | Promise<Principal | false> {
    if (typeof token !== 'string') return false;
    const found = this.authenticator.authenticate(token, 'code');
    if (!(found instanceof Promise)) return found;
    return found.catch((error: unknown) => {
      if (isRefusal(error)) return false;
      throw error;
    });
  }

  private issue(session: Pick<Principal, 'user' | 'session'>): string {
    return this.bundles.issueAccessToken(session).token;
  }
}
