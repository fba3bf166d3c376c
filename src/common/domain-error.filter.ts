import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DomainError } from './domain-error.js';
import type { HttpRequest } from './http.js';
import { PROBLEM } from './problem.js';
import { requestIdOf } from './request-context.js';
import { settingsOf } from './route-settings.js';

/** Tells clients what we refuse: by a problem document, unless the route has another format. */
@Catch(DomainError)
export class DomainErrorFilter implements ExceptionFilter<DomainError> {
  private readonly logger = new Logger('Problem');

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: DomainError, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const http = host.switchToHttp();
    const response: unknown = http.getResponse();
    const request = http.getRequest<HttpRequest & { url: string }>();
    const { mediaType, bodyOf } = settingsOf(request).errorFormat ?? PROBLEM;
    this.log(error, requestIdOf(request));
    if (httpAdapter.isHeadersSent(response)) return void httpAdapter.end(response);
    const headers = {
      'Cache-Control': 'no-store',
      ...error.headers,
      'Content-Type': mediaType,
    };
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, bodyOf(error, request), error.status);
  }

  /** Refusals are everyday; only what the service itself failed at is worth an operator's attention. */
  protected log(error: DomainError, requestId: string): void {
    const { code, status } = error;
    const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.cause;
    if (status >= 500) this.logger.error({ requestId, code, cause: printable(cause) });
    else if (cause !== undefined) this.logger.debug({ requestId, code, cause: printable(cause) });
  }
}

const MAX_LOGGED = 4_000;

/** One line, capped: text from outside cannot forge another entry. */
function printable(cause: unknown): string {
  return JSON.stringify(String(cause)).slice(0, MAX_LOGGED);
}
