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

/** For code that imports hashes; no route answers with it. */
export class HashNotSupported extends DomainError {
  constructor(why: 'unknown' | 'too costly') {
    const what = why === 'unknown' ? 'of no kind that can be verified' : 'too costly to verify';
    super(422, 'hash_not_supported', `This password hash is ${what}.`);
  }
}
