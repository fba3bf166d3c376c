import { DomainError } from '../common/domain-error.js';
import type { ServiceClientScope } from './service-client.entity.js';

/** No credentials, unknown ones or wrong ones: nobody learns which (RFC 6749, section 5.2). */
export class InvalidClient extends DomainError {
  constructor() {
    super(401, 'invalid_client', 'This needs the credentials of a service client.', {
      headers: { 'WWW-Authenticate': 'Basic realm="tokenhouse"' },
    });
  }
}

/** A known client without the right to do this; the name is that of RFC 6750, section 3.1. */
export class InsufficientScope extends DomainError {
  constructor(scope?: ServiceClientScope) {
    super(403, 'insufficient_scope', `This service client lacks the scope ${scope ?? 'of this route'}.`);
  }
}

export class ServiceClientNameTaken extends DomainError {
  constructor() {
    super(409, 'service_client_taken', 'There is a service client of this name already.');
  }
}
