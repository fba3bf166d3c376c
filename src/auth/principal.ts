import { createParamDecorator } from '@nestjs/common';
import { currentContext } from '../common/request-context.js';
import type { UserSession } from '../sessions/sessions.service.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';
import type { User } from '../users/user.entity.js';

/** Who a request speaks for, and by which token. */
export interface Principal extends UserSession {
  /** Where the token came from; `code` for `loginUsingBearerToken`. */
  readonly credential: 'header' | 'cookie' | 'code';
  /** What the token says, those of the claims hook included. */
  readonly claims: AccessTokenClaims;
}

/** The principal of the request being served; null for an anonymous one and outside of requests. */
export function currentPrincipal(): Principal | null {
  return (currentContext()?.principal as Principal | undefined) ?? null;
}

/** Makes `principal` the current one for the rest of this request; nothing outlives it (parity BT-09). */
export function setPrincipal(principal: Principal): void {
  const context = currentContext();
  if (context) context.principal = principal;
}

/** The signed-in user; null on routes that work without one. */
export const CurrentUser = createParamDecorator((): User | null => currentPrincipal()?.user ?? null);

/** The signed-in user with their session. */
export const CurrentPrincipal = createParamDecorator((): Principal | null => currentPrincipal());
