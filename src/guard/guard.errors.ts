import { DomainError } from '../common/domain-error.js';

export class AccessDenied extends DomainError {
  constructor() {
    super(403, 'access_denied', 'This is not allowed.');
  }
}

export class StepUpRequired extends DomainError {
  constructor() {
    super(403, 'step_up_required', 'Confirm your password first.');
  }
}
