import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { HttpRequest } from '../common/http.js';
import { ACCESS, type Access } from '../common/public.decorator.js';
import { TokenMissing } from '../tokens/tokens.errors.js';
import { AccessDenied } from './guard.errors.js';
import { type BearerPrincipal, currentPrincipal, setPrincipal } from './principal.js';
import { RequestAuthenticator } from './request-authenticator.js';
import {
  Circumstances,
  EXEMPTIONS,
  type Requirement,
  REQUIREMENTS,
  StandingRequirements,
} from './requirements.js';

/** What a route says of itself; read once, because it never changes. */
interface Rules {
  readonly access: Access;
  readonly requirements: readonly Requirement[];
}

/** Lets a request through when its token is good and the route's requirements are met. */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  private readonly rules = new Map<unknown, Map<unknown, Rules>>();

  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: RequestAuthenticator,
    private readonly circumstances: Circumstances,
    private readonly standing: StandingRequirements,
  ) {}

  /**
   * Decides at once, without a promise, when the token is remembered.
   * @throws TokenMissing, TokenInvalid, TokenExpired, SessionRevoked, or what a requirement throws
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const rules = this.rulesOf(context);
    if (rules.access === 'public') return true;
    const request = context.switchToHttp().getRequest<HttpRequest>();
    // The guard may stand on a route twice, globally and by `@UseGuards`; the token is checked once.
    const principal = currentPrincipal() ?? this.authenticator.authenticateRequest(request);
    if (!(principal instanceof Promise)) return this.admit(principal, request, rules);
    return principal.then((found) => this.admit(found, request, rules));
  }

  private admit(
    principal: BearerPrincipal | null,
    request: HttpRequest & { user?: object },
    { access, requirements }: Rules,
  ): boolean {
    if (access === 'guest' && principal) throw new AccessDenied();
    if (access === 'required' && !principal) throw new TokenMissing();
    if (!principal) return true;
    setPrincipal(principal);
    request.user = principal.user;
    for (const requirement of requirements) requirement(principal, this.circumstances);
    return true;
  }

  private rulesOf(context: ExecutionContext): Rules {
    const [handler, controller] = [context.getHandler(), context.getClass()];
    const ofController = this.rules.get(controller) ?? new Map<unknown, Rules>();
    const known = ofController.get(handler);
    if (known) return known;
    const targets = [handler, controller];
    const exemptions = this.reflector.getAllAndMerge<Requirement[]>(EXEMPTIONS, targets);
    const own = this.reflector.getAllAndMerge<Requirement[]>(REQUIREMENTS, targets);
    const rules = {
      access: this.reflector.getAllAndOverride<Access | undefined>(ACCESS, targets) ?? 'required',
      requirements: [...this.standing.except(exemptions), ...own],
    };
    this.rules.set(controller, ofController.set(handler, rules));
    return rules;
  }
}
