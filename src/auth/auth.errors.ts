import { DomainError } from '../common/domain-error.js';

export class InvalidCredentials extends DomainError {
  constructor() {
    super(401, 'invalid_credentials', 'The login or the password is not right.', {
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  }
}

export class UserBanned extends DomainError {
  constructor() {
    super(403, 'user_banned', 'This account is banned.');
  }
}

/** A code of a second factor is wrong, or was used before. */
export class CodeInvalid extends DomainError {
  constructor() {
    super(422, 'code_invalid', 'The code is not right.');
  }
}

export class EmailNotVerified extends DomainError {
  constructor() {
    super(403, 'email_not_verified', 'Confirm your e-mail address first.');
  }
}

export class CsrfRejected extends DomainError {
  constructor() {
    super(403, 'csrf_rejected', 'This request does not come from a page that may send it.');
  }
}
