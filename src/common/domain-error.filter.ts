import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DomainError } from './domain-error.js';
import type { HttpRequest } from './http.js';
import type { ProblemDto } from './problem.dto.js';
import { currentContext } from './request-context.js';

/** Where each code is explained; a name, resolved by nobody. */
const CODE_TYPE = 'urn:tokenhouse:error:';

/** Renders what we refuse as a problem document (RFC 9457). */
@Catch(DomainError)
export class DomainErrorFilter implements ExceptionFilter<DomainError> {
  private readonly logger = new Logger('Problem');

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: DomainError, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const http = host.switchToHttp();
    const response: unknown = http.getResponse();
    const problem = problemOf(error, http.getRequest<HttpRequest & { url: string }>());
    this.log(error, problem);
    if (httpAdapter.isHeadersSent(response)) return void httpAdapter.end(response);
    const headers = {
      'Cache-Control': 'no-store',
      ...error.headers,
      'Content-Type': 'application/problem+json',
    };
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, problem, error.status);
  }

  /** Refusals are everyday; only what the service itself failed at is worth an operator's attention. */
  private log(error: DomainError, { requestId, code, status }: ProblemDto): void {
    const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.cause;
    if (status >= 500) this.logger.error({ requestId, code, cause: printable(cause) });
    else if (cause !== undefined) this.logger.debug({ requestId, code, cause: printable(cause) });
  }
}

/** The body that tells a client of `error`. */
export function problemOf(error: DomainError, request: HttpRequest & { url: string }): ProblemDto {
  const { status, code, message, errors } = error;
  return {
    type: CODE_TYPE + code,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    instance: request.url.split('?', 1)[0] ?? '',
    code,
    requestId: currentContext()?.requestId ?? (typeof request.id === 'string' ? request.id : ''),
    ...(errors && { errors }),
    statusCode: status,
    message,
  };
}

const MAX_LOGGED = 4_000;

/** One line, capped: text from outside cannot forge another entry. */
function printable(cause: unknown): string {
  return JSON.stringify(String(cause)).slice(0, MAX_LOGGED);
}
