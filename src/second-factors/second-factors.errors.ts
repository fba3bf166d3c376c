import { DomainError } from '../common/domain-error.js';

/** Unknown, answered, late, or answered wrongly too often: nobody learns which. */
export class ChallengeInvalid extends DomainError {
  constructor() {
    super(422, 'challenge_invalid', 'This has taken too long or too many tries; start again.');
  }
}

export class TwoFactorRequired extends DomainError {
  constructor() {
    super(403, 'two_factor_required', 'Set up a second factor first.');
  }
}
