import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { HttpRequest } from '../common/http.js';
import { ACCESS, type Access } from '../common/public.decorator.js';
import { TokenMissing } from '../tokens/tokens.errors.js';
import type { User } from '../users/user.entity.js';
import { AccessDenied } from './auth.errors.js';
import { Authenticator } from './authenticator.js';
import { currentPrincipal, type Principal, setPrincipal } from './principal.js';
import { Circumstances, type Requirement, REQUIREMENTS } from './requirements.js';

/** Lets a request through when its token is good and the route's requirements are met. */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly circumstances: Circumstances,
  ) {}

  /** @throws TokenMissing, TokenInvalid, TokenExpired, SessionRevoked, or what a requirement throws */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, targets) ?? 'required';
    if (access === 'public') return true;
    const principal = await this.identify(context.switchToHttp().getRequest());
    if (access === 'guest' && principal) throw new AccessDenied();
    if (access === 'required' && !principal) throw new TokenMissing();
    if (principal) this.assertRequirements(principal, targets);
    return true;
  }

  /** The guard may stand on a route twice, globally and by `@UseGuards`; the token is checked once. */
  private async identify(request: HttpRequest & { user?: User }): Promise<Principal | null> {
    const principal = currentPrincipal() ?? (await this.authenticator.authenticateRequest(request));
    if (!principal) return null;
    setPrincipal(principal);
    request.user = principal.user;
    return principal;
  }

  private assertRequirements(
    principal: Principal,
    targets: Parameters<Reflector['getAllAndMerge']>[1],
  ): void {
    for (const requirement of this.reflector.getAllAndMerge<Requirement[]>(REQUIREMENTS, targets)) {
      requirement(principal, this.circumstances);
    }
  }
}
