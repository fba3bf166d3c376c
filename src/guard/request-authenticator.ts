import type { HttpRequest } from '../common/http.js';
import type { BearerPrincipal } from './principal.js';

/** Says who a request speaks for. The service asks its sessions, the client package its copy of the news. */
export abstract class RequestAuthenticator {
  /**
   * Null when the request brings no token. Without a promise whenever the token is remembered.
   * @throws TokenInvalid, TokenExpired, SessionRevoked, Unavailable when nobody can tell
   */
  abstract authenticateRequest(
    request: HttpRequest,
  ): BearerPrincipal | null | Promise<BearerPrincipal | null>;
}
