import { DomainError } from '../common/domain-error.js';

/** Of another request, or of one whose answer is in use: it cannot be given again. */
export class IdempotencyKeyReused extends DomainError {
  constructor() {
    super(
      422,
      'idempotency_key_reused',
      'This Idempotency-Key was used before; take a new one for a new request.',
    );
  }
}

export class RegistrationClosed extends DomainError {
  constructor() {
    super(404, 'registration_closed', 'Registration is closed.');
  }
}
