import { type ArgumentsHost, Catch, HttpException, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  InternalError,
  MalformedRequest,
  NotFound,
  PayloadTooLarge,
  Unavailable,
  UnsupportedMediaType,
} from './common/common.errors.js';
import { DomainError } from './common/domain-error.js';
import { DomainErrorFilter } from './common/domain-error.filter.js';
import { AccessDenied } from './guard/guard.errors.js';
import { orUnavailable } from './database/database.errors.js';
import { TokenInvalid } from './tokens/tokens.errors.js';

/** Gives whatever goes wrong in the service one of the contract's codes; what nobody foresaw is a bland 500. */
@Catch()
export class AppFilter extends DomainErrorFilter {
  private readonly unforeseen = new Logger('Unforeseen');

  constructor(adapterHost: HttpAdapterHost) {
    super(adapterHost);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    super.catch(this.translate(error), host);
  }

  private translate(thrown: unknown): DomainError {
    const error = thrown instanceof DomainError ? thrown : orUnavailable(thrown);
    if (error instanceof DomainError) return error;
    if (error instanceof HttpException) return ofStatus(error);
    this.unforeseen.error(error instanceof Error ? error.stack : String(error));
    return new InternalError();
  }
}

/** Nest's and Fastify's own refusals, e.g. of a route that does not exist or a body that is too large. */
function ofStatus(error: HttpException): DomainError {
  const cause = error.message;
  switch (error.getStatus()) {
    case 401:
      return new TokenInvalid(cause);
    case 403:
      return new AccessDenied();
    case 404:
    case 405:
      return new NotFound();
    case 413:
      return new PayloadTooLarge();
    case 415:
      return new UnsupportedMediaType();
    case 503:
      return new Unavailable(cause);
    default:
      return error.getStatus() < 500 ? new MalformedRequest(undefined, { cause }) : new InternalError();
  }
}
