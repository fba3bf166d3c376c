import { STATUS_CODES } from 'node:http';
import type { DomainError } from './domain-error.js';
import type { ErrorFormat } from './error-format.js';
import type { HttpRequest } from './http.js';
import { ProblemDto } from './problem.dto.js';
import { requestIdOf } from './request-context.js';

/** Where each code is explained; a name, resolved by nobody. */
const CODE_TYPE = 'urn:tokenhouse:error:';

/** Problem documents (RFC 9457): how we tell errors unless a route says otherwise. */
export const PROBLEM: ErrorFormat = {
  name: 'problem',
  mediaType: 'application/problem+json',
  model: ProblemDto,
  nameMember: 'code',
  nameOf: ({ code }) => code,
  bodyOf: problemOf,
};

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
    requestId: requestIdOf(request),
    ...(errors && { errors }),
    statusCode: status,
    message,
  };
}
