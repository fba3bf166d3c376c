import { getSchemaPath } from '@nestjs/swagger';
import type { DomainError } from './domain-error.js';
import type { ErrorFormat } from './error-format.js';
import { PROBLEM } from './problem.js';

export type ErrorClass = abstract new (...args: never[]) => DomainError;

/** The response of one status in the OpenAPI document: an error, with the closed list of its names. */
export interface ErrorResponse {
  description: string;
  headers?: Record<string, object>;
  content: Record<string, { schema: { allOf: [object, NameSchema] } }>;
}

interface NameSchema {
  type: 'object';
  required: [string];
  properties: Record<string, { type: 'string'; enum: string[] }>;
}

const HEADERS: Record<string, object> = {
  'Retry-After': { description: 'Seconds until trying again makes sense.', schema: { type: 'integer' } },
  'RateLimit-Limit': { description: 'How often it is allowed in a while.', schema: { type: 'integer' } },
  'RateLimit-Remaining': { description: 'How often it still is.', schema: { type: 'integer' } },
  'RateLimit-Reset': { description: 'Seconds until it is allowed again.', schema: { type: 'integer' } },
  'WWW-Authenticate': {
    description:
      '`Bearer`; with `error="invalid_token"` when a bearer token was sent and refused (RFC 6750). `Basic` where service clients call.',
    schema: { type: 'string' },
  },
};

/**
 * The responses by which these errors are told, by status, each extending the one in `documented`. Taken from the
 * errors themselves, so that the document cannot name a status, code or header that nobody sends.
 */
export function errorResponses(
  classes: ErrorClass[],
  documented: object = {},
  format: ErrorFormat = PROBLEM,
): Record<string, ErrorResponse> {
  // Whatever else is documented at the status of an error is an error in this format, too.
  const before = documented as Record<string, ErrorResponse | undefined>;
  const responses: Record<string, ErrorResponse> = {};
  for (const error of classes.map(instance)) {
    const known = responses[error.status] ?? before[error.status];
    responses[error.status] = extend(known, error, format);
  }
  return responses;
}

/** One response for two errors of the same status. */
function extend(known: ErrorResponse | undefined, error: DomainError, format: ErrorFormat): ErrorResponse {
  const name = format.nameOf(error);
  const description = `\`${name}\`: ${error.message}`;
  const headers = Object.fromEntries(Object.entries(HEADERS).filter(([header]) => header in error.headers));
  if (!known) return response(description, [name], headers, format);
  const names = namesOf(known, format);
  if (names.includes(name)) return known;
  return response(
    `${known.description} ${description}`,
    [...names, name],
    { ...known.headers, ...headers },
    format,
  );
}

function instance(error: ErrorClass): DomainError {
  return Reflect.construct(error as new () => DomainError, []);
}

function response(
  description: string,
  names: string[],
  headers: ErrorResponse['headers'] = {},
  { mediaType, model, nameMember }: ErrorFormat,
): ErrorResponse {
  const name: NameSchema = {
    type: 'object',
    required: [nameMember],
    properties: { [nameMember]: { type: 'string', enum: names } },
  };
  return {
    description,
    ...(Object.keys(headers).length > 0 && { headers }),
    content: { [mediaType]: { schema: { allOf: [{ $ref: getSchemaPath(model) }, name] } } },
  };
}

function namesOf({ content }: ErrorResponse, { mediaType, nameMember }: ErrorFormat): string[] {
  return content[mediaType]?.schema.allOf[1].properties[nameMember]?.enum ?? [];
}
