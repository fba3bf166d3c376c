import { DomainError } from '../common/domain-error.js';

export class EmailTaken extends DomainError {
  constructor(cause?: unknown) {
    super(409, 'email_taken', 'An account with this e-mail address exists already.', { cause });
  }
}

export class UsernameTaken extends DomainError {
  constructor(cause?: unknown) {
    super(409, 'username_taken', 'This username is taken.', { cause });
  }
}
