import { getSchemaPath } from '@nestjs/swagger';
import type { DomainError } from './domain-error.js';
import { ProblemDto } from './problem.dto.js';

export type ErrorClass = abstract new (...args: never[]) => DomainError;

const PROBLEM_TYPE = 'application/problem+json';

/** The response of one status in the OpenAPI document: a problem, with the closed list of its codes. */
export interface ProblemResponse {
  description: string;
  headers?: Record<string, object>;
  content: Record<typeof PROBLEM_TYPE, { schema: { allOf: [object, CodeSchema] } }>;
}

interface CodeSchema {
  type: 'object';
  required: ['code'];
  properties: { code: { type: 'string'; enum: string[] } };
}

const HEADERS: Record<string, object> = {
  'Retry-After': { description: 'Seconds until trying again makes sense.', schema: { type: 'integer' } },
  'RateLimit-Limit': { description: 'How often it is allowed in a while.', schema: { type: 'integer' } },
  'RateLimit-Remaining': { description: 'How often it still is.', schema: { type: 'integer' } },
  'RateLimit-Reset': { description: 'Seconds until it is allowed again.', schema: { type: 'integer' } },
  'WWW-Authenticate': {
    description:
      '`Bearer`; with `error="invalid_token"` when a bearer token was sent and refused (RFC 6750).',
    schema: { type: 'string' },
  },
};

/**
 * The responses by which these errors are told, by status, each extending the one in `documented`. Taken from the
 * errors themselves, so that the document cannot name a status, code or header that nobody sends.
 */
export function problemResponses(
  classes: ErrorClass[],
  documented: object = {},
): Record<string, ProblemResponse> {
  // Whatever else is documented at the status of an error is a problem, too.
  const before = documented as Record<string, ProblemResponse | undefined>;
  const responses: Record<string, ProblemResponse> = {};
  for (const error of classes.map(instance)) {
    responses[error.status] = merge(responses[error.status] ?? before[error.status], responseOf(error));
  }
  return responses;
}

/** One response for two of the same status. */
function merge(one: ProblemResponse | undefined, other: ProblemResponse): ProblemResponse {
  if (!one) return other;
  const added = codesOf(other).filter((code) => !codesOf(one).includes(code));
  if (added.length === 0) return one;
  const headers = { ...one.headers, ...other.headers };
  return response(`${one.description} ${other.description}`, [...codesOf(one), ...added], headers);
}

function instance(error: ErrorClass): DomainError {
  return Reflect.construct(error as new () => DomainError, []);
}

function responseOf({ code, message, headers }: DomainError): ProblemResponse {
  const documented = Object.entries(HEADERS).filter(([name]) => name in headers);
  return response(`\`${code}\`: ${message}`, [code], Object.fromEntries(documented));
}

function response(
  description: string,
  codes: string[],
  headers: ProblemResponse['headers'] = {},
): ProblemResponse {
  const code: CodeSchema = {
    type: 'object',
    required: ['code'],
    properties: { code: { type: 'string', enum: codes } },
  };
  return {
    description,
    ...(Object.keys(headers).length > 0 && { headers }),
    content: { [PROBLEM_TYPE]: { schema: { allOf: [{ $ref: getSchemaPath(ProblemDto) }, code] } } },
  };
}

function codesOf({ content }: ProblemResponse): string[] {
  return content[PROBLEM_TYPE].schema.allOf[1].properties.code.enum;
}
