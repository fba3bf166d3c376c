import { DomainError } from '../common/domain-error.js';

export class PasskeyLimitReached extends DomainError {
  constructor() {
    super(
      422,
      'passkey_limit_reached',
      'There are as many passkeys as an account can have; remove one first.',
    );
  }
}
