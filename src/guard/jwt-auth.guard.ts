import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { HttpRequest } from '../common/http.js';
import { ACCESS, type Access } from '../common/public.decorator.js';
import { TokenMissing } from '../tokens/tokens.errors.js';
import { AccessDenied } from './guard.errors.js';
import { type BearerPrincipal, currentPrincipal, setPrincipal } from './principal.js';
import { RequestAuthenticator } from './request-authenticator.js';
import { Circumstances, type Requirement, REQUIREMENTS } from './requirements.js';

/** Lets a request through when its token is good and the route's requirements are met. */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: RequestAuthenticator,
    private readonly circumstances: Circumstances,
  ) {}

  /**
   * Decides at once, without a promise, when the token is remembered.
   * @throws TokenMissing, TokenInvalid, TokenExpired, SessionRevoked, or what a requirement throws
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, targets) ?? 'required';
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<HttpRequest & { user?: object }>();
    const admit = (principal: BearerPrincipal | null): boolean => {
      if (access === 'guest' && principal) throw new AccessDenied();
      if (access === 'required' && !principal) throw new TokenMissing();
      if (!principal) return true;
      setPrincipal(principal);
      request.user = principal.user;
      this.assertRequirements(principal, targets);
      return true;
    };
    // The guard may stand on a route twice, globally and by `@UseGuards`; the token is checked once.
    const principal = currentPrincipal() ?? this.authenticator.authenticateRequest(request);
    return principal instanceof Promise ? principal.then(admit) : admit(principal);
  }

  private assertRequirements(
    principal: BearerPrincipal,
    targets: Parameters<Reflector['getAllAndMerge']>[1],
  ): void {
    for (const requirement of this.reflector.getAllAndMerge<Requirement[]>(REQUIREMENTS, targets)) {
      requirement(principal, this.circumstances);
    }
  }
}
