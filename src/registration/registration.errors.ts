import { DomainError } from '../common/domain-error.js';

export class RegistrationClosed extends DomainError {
  constructor() {
    super(404, 'registration_closed', 'Registration is closed.');
  }
}
