import { createParamDecorator } from '@nestjs/common';
import { currentContext } from '../common/request-context.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';

/** Who a request speaks for, and by which token: what is known wherever a token is checked. */
export interface BearerPrincipal {
  readonly user: { readonly id: string };
  readonly session: {
    readonly id: string;
    /** How the person proved themself, as `amr` values (RFC 8176); none for a session opened in code. */
    readonly methods: readonly string[];
    /** Sign-in, or the last confirmation of the password. */
    readonly authenticatedAt: Date;
  };
  /** Where the token came from; `code` for `loginUsingBearerToken`. */
  readonly credential: 'header' | 'cookie' | 'code';
  /** What the token says, those of the claims hook included. */
  readonly claims: AccessTokenClaims;
}

/** The principal of the request being served; null for an anonymous one and outside of requests. */
export function currentPrincipal<P extends BearerPrincipal>(): P | null {
  return (currentContext()?.principal as P | undefined) ?? null;
}

/** Makes `principal` the current one for the rest of this request; nothing outlives it (parity BT-09). */
export function setPrincipal(principal: BearerPrincipal): void {
  const context = currentContext();
  if (context) context.principal = principal;
}

/** The signed-in user; null on routes that work without one. */
export const CurrentUser = createParamDecorator(() => currentPrincipal()?.user ?? null);

/** The signed-in user with their session and the token's claims. */
export const CurrentPrincipal = createParamDecorator(() => currentPrincipal());
