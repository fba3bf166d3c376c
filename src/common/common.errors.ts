import { DomainError, type DomainErrorOptions, type FieldError } from './domain-error.js';

export class ValidationFailed extends DomainError {
  constructor(errors: FieldError[]) {
    super(400, 'validation_failed', 'Some fields do not fit.', { errors });
  }
}

export class MalformedRequest extends DomainError {
  constructor(message = 'The request cannot be read.', options: DomainErrorOptions = {}) {
    super(400, 'malformed_request', message, options);
  }
}

export class NotFound extends DomainError {
  constructor() {
    super(404, 'not_found', 'There is nothing here.');
  }
}

export class TooManyRequests extends DomainError {
  /**
   * @param retryAfterSeconds when to try again
   * @param limit how often it is allowed until then
   */
  constructor(retryAfterSeconds = 60, limit = 1) {
    super(429, 'too_many_requests', 'That was too often; try again later.', {
      headers: {
        'Retry-After': String(retryAfterSeconds),
        'RateLimit-Limit': String(limit),
        'RateLimit-Remaining': '0',
        'RateLimit-Reset': String(retryAfterSeconds),
      },
    });
  }
}

/** A part that the request needs is down. */
export class Unavailable extends DomainError {
  constructor(cause: unknown) {
    super(503, 'unavailable', 'A part of the service is down; try again in a moment.', {
      cause,
      headers: { 'Retry-After': '5' },
    });
  }
}

/** Nothing has happened, and nothing is broken. */
export class Overloaded extends DomainError {
  constructor() {
    super(503, 'overloaded', 'The service has more to do than it can; try again in a moment.', {
      headers: { 'Retry-After': '2' },
    });
  }
}

export class PayloadTooLarge extends DomainError {
  constructor() {
    super(413, 'payload_too_large', 'The body is too large.');
  }
}

export class UnsupportedMediaType extends DomainError {
  constructor() {
    super(
      415,
      'unsupported_media_type',
      'Bodies are JSON, with Content-Type application/json; under /oauth they are forms.',
    );
  }
}

/** Something nobody foresaw; its cause is in the log, under the request's id. */
export class InternalError extends DomainError {
  constructor() {
    super(500, 'internal_error', 'Something went wrong here; it is not your fault.');
  }
}
