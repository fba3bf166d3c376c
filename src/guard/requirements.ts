import { Injectable, SetMetadata } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { StepUpRequired } from './guard.errors.js';
import type { BearerPrincipal } from './principal.js';

export const REQUIREMENTS = 'tokenhouse:requirements';
export const EXEMPTIONS = 'tokenhouse:exemptions';

/** What a route asks of a signed-in caller beyond being signed in; refuses by throwing. */
export type Requirement<P extends BearerPrincipal = BearerPrincipal> = (
  principal: P,
  circumstances: Circumstances,
) => void;

/** What requirements may look at. */
export class Circumstances {
  /** What `steppedUp` asks besides that the proof is young. */
  readonly stepUp: Requirement[] = [];

  constructor(
    readonly clock: Clock,
    /** For how long signing in, or confirming the password, counts as fresh. */
    readonly confirmPasswordTtlMinutes: number,
  ) {}

  /** Lets a module ask more of a session than that its proof is young; call it from `onModuleInit`. */
  addToStepUp<P extends BearerPrincipal>(requirement: Requirement<P>): void {
    this.stepUp.push(requirement as unknown as Requirement);
  }
}

/** Marks a route or controller with requirements, checked in this order (parity BT-17). */
export const Requires = <P extends BearerPrincipal>(
  ...requirements: Requirement<P>[]
): MethodDecorator & ClassDecorator => SetMetadata(REQUIREMENTS, requirements);

/** Frees a route or controller from standing requirements. */
export const Exempt = (...requirements: Requirement<never>[]): MethodDecorator & ClassDecorator =>
  SetMetadata(EXEMPTIONS, requirements);

/** What every route asks of a signed-in caller, before its own requirements, unless it is exempt. */
@Injectable()
export class StandingRequirements {
  private readonly list: Requirement[] = [];

  /** Call it from `onModuleInit`: each route reads the list once. */
  add<P extends BearerPrincipal>(requirement: Requirement<P>): void {
    this.list.push(requirement as unknown as Requirement);
  }

  except(exemptions: readonly Requirement[]): Requirement[] {
    return this.list.filter((requirement) => !exemptions.includes(requirement));
  }
}

/**
 * This session signed in or confirmed its password within `CONFIRM_PASSWORD_TTL`, and with what else modules ask for, else
 * 403 `step_up_required`. One that was opened in code proved nobody, however young it is.
 */
export const steppedUp: Requirement = (principal, circumstances) => {
  const { session } = principal;
  const { clock, confirmPasswordTtlMinutes, stepUp } = circumstances;
  if (session.methods.length === 0) throw new StepUpRequired();
  const ageMs = clock.nowMs() - session.authenticatedAt.getTime();
  if (ageMs > confirmPasswordTtlMinutes * 60_000) throw new StepUpRequired();
  for (const requirement of stepUp) requirement(principal, circumstances);
};
