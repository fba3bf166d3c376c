import { ValidationFailed } from '../common/common.errors.js';
import { DomainError } from '../common/domain-error.js';

/** Unknown, used, late, replaced by a newer one, or meant for something else: nobody learns which. */
export class LinkInvalid extends DomainError {
  constructor() {
    super(422, 'link_invalid', 'This link does not work any more; ask for a new one.');
  }
}

/** `redirectTo` is not exactly one of `REDIRECT_URLS` (parity EV-07). */
export class RedirectNotAllowed extends ValidationFailed {
  constructor() {
    super([{ field: 'redirectTo', code: 'not_allowed', message: 'This is not one of the allowed targets.' }]);
  }
}
