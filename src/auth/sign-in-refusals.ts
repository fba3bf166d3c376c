import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { DomainEvents } from '../events/domain-events.js';
import { Limits } from '../limits/limits.js';
import { CodeInvalid } from './auth.errors.js';
import type { SignInTarget } from './sign-in-target.js';

/** Keeps in the log who was not let in, and why, whatever becomes of the request (LOG-08). */
@Injectable()
export class SignInRefusals {
  constructor(
    private readonly events: DomainEvents,
    private readonly limits: Limits,
  ) {}

  /** The same work whether or not somebody has the login. */
  async tell({ key, user }: SignInTarget, error: unknown): Promise<void> {
    if (!isRefusal(error)) return;
    const loginHash = this.limits.hash('login', key);
    const event = {
      type: 'session.refused',
      userId: user?.id ?? null,
      loginHash,
      reason: error.code,
    } as const;
    await this.events.record(event);
  }
}

/** Not that a part of the service is down. Limits and second factors have events of their own. */
function isRefusal(error: unknown): error is DomainError {
  if (!(error instanceof DomainError) || error instanceof CodeInvalid) return false;
  return error.status < 500 && error.status !== 429;
}
