import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOperation, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { DomainError } from './domain-error.js';
import { ProblemDto } from './problem.dto.js';

type ErrorClass = abstract new (...args: never[]) => DomainError;

interface OperationOptions {
  /** Short, stable and unique: generated clients make a method name of it. */
  id: string;
  summary: string;
  description?: string;
  /** The status of success; 200 unless said. */
  status?: number;
  /** The answer's body; absent for an empty one. */
  body?: Type | [Type];
  /** What this route may refuse with; what all routes have in common is added to the document by rule. */
  problems?: ErrorClass[];
}

/** Says what a route does, once, for its answers and for the OpenAPI document. */
export function Operation(options: OperationOptions): MethodDecorator {
  const { id, summary, description, status = 200, body, problems = [] } = options;
  return applyDecorators(
    HttpCode(status),
    ApiOperation({ operationId: id, summary, ...(description !== undefined && { description }) }),
    ApiResponse({ status, description: summary, ...(body && { type: body }) }),
    ApiProblems(...problems),
  );
}

/** Documents refusals by the error classes themselves, so that the document cannot name a code nobody throws. */
export function ApiProblems(...classes: ErrorClass[]): MethodDecorator {
  const responses = Object.entries(problemResponses(classes));
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...responses.map(([status, response]) => ApiResponse({ status: Number(status), ...response })),
  );
}

interface ProblemResponse {
  description: string;
  content: Record<string, { schema: { allOf: object[] } }>;
}

/** A response for each status, with the closed list of its codes. */
export function problemResponses(classes: ErrorClass[]): Record<number, ProblemResponse> {
  const errors = classes.map((error) => Reflect.construct(error as new () => DomainError, []));
  const byStatus = new Map<number, DomainError[]>();
  for (const error of errors) byStatus.set(error.status, [...(byStatus.get(error.status) ?? []), error]);
  return Object.fromEntries([...byStatus].map(([status, same]) => [status, describe(same)]));
}

function describe(errors: DomainError[]): ProblemResponse {
  const codes = {
    type: 'object',
    properties: { code: { type: 'string', enum: errors.map(({ code }) => code) } },
  };
  return {
    description: errors.map(({ code, message }) => `\`${code}\`: ${message}`).join(' '),
    content: {
      'application/problem+json': { schema: { allOf: [{ $ref: getSchemaPath(ProblemDto) }, codes] } },
    },
  };
}
