import { DomainError } from './domain-error.js';

export class TooManyRequests extends DomainError {
  /** @param retryAfterSeconds when to try again */
  constructor(retryAfterSeconds = 60) {
    super(429, 'too_many_requests', 'That was too often; try again later.', {
      headers: { 'Retry-After': String(retryAfterSeconds) },
    });
  }
}
