import { DomainError, type FieldError } from '../common/domain-error.js';

export class WeakPassword extends DomainError {
  /** @param errors one entry for each broken rule; the password itself is never repeated */
  constructor(errors: FieldError[]) {
    super(422, 'weak_password', 'This password does not meet the rules.', { errors });
  }
}

export class SamePassword extends DomainError {
  constructor() {
    super(422, 'same_password', 'The new password is the current one.');
  }
}

export class PasswordIncorrect extends DomainError {
  constructor() {
    super(422, 'password_incorrect', 'The password is not right.');
  }
}

export class Overloaded extends DomainError {
  constructor() {
    super(503, 'overloaded', 'The service has more to do than it can; try again in a moment.', {
      headers: { 'Retry-After': '2' },
    });
  }
}
