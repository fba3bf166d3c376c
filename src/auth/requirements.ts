import { Injectable, SetMetadata } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { EmailNotVerified, StepUpRequired } from './auth.errors.js';
import type { Principal } from './principal.js';

export const REQUIREMENTS = 'tokenhouse:requirements';

/** What a route asks of a signed-in caller beyond being signed in; refuses by throwing. */
export type Requirement = (principal: Principal, circumstances: Circumstances) => void;

/** What requirements may look at. */
@Injectable()
export class Circumstances {
  constructor(
    readonly config: AppConfig,
    readonly clock: Clock,
  ) {}
}

/** Marks a route or controller with requirements, checked in this order (parity BT-17). */
export const Requires = (...requirements: Requirement[]): MethodDecorator & ClassDecorator =>
  SetMetadata(REQUIREMENTS, requirements);

/** The caller's address is proven, else 403 `email_not_verified`. */
export const emailVerified: Requirement = ({ user }) => {
  if (user.emailVerifiedAt === null) throw new EmailNotVerified();
};

/**
 * This session signed in or confirmed its password within `CONFIRM_PASSWORD_TTL`, else 403 `step_up_required`. One that
 * was opened in code proved nobody, however young it is.
 */
export const steppedUp: Requirement = ({ session }, { config, clock }) => {
  if (session.methods.length === 0) throw new StepUpRequired();
  const ageMs = clock.nowMs() - session.authenticatedAt.getTime();
  if (ageMs > config.sessions.confirmPasswordTtlMinutes * 60_000) throw new StepUpRequired();
};
