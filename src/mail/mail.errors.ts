import { ValidationFailed } from '../common/common.errors.js';

/** `redirectTo` is not exactly one of `REDIRECT_URLS` (parity EV-07). */
export class RedirectNotAllowed extends ValidationFailed {
  constructor() {
    super([{ field: 'redirectTo', code: 'not_allowed', message: 'This is not one of the allowed targets.' }]);
  }
}

/** A message that no further attempt would make right, e.g. with a line break in its subject. */
export class UnsendableMail extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = new.target.name;
  }
}
