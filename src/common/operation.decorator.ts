import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiConsumes,
  ApiExtension,
  ApiExtraModels,
  ApiOperation,
  ApiResponse,
  type ApiResponseOptions,
  getSchemaPath,
} from '@nestjs/swagger';
import { type ErrorClass, errorResponses } from './error-responses.js';
import { PROBLEM } from './problem.js';
import type { RouteSettings } from './route-settings.js';

/** Tells the OpenAPI document how a route tells its errors; taken out there. */
export const ERROR_FORMAT_EXTENSION = 'x-error-format';

interface OperationOptions {
  /** Short, stable and unique: generated clients make a method name of it. */
  id: string;
  summary: string;
  description?: string;
  /** The status of success; 200 unless said. */
  status?: number;
  /** The answer's body; absent for an empty one. */
  body?: Type | [Type];
  /** What may come instead of `body`, at the same status. */
  otherBody?: Type;
  /** What the answer may do with our cookies. */
  cookies?: keyof typeof COOKIES;
  /** Set for a public route that looks for a token nevertheless: clients shall send theirs along. */
  readsToken?: true;
  /** What this route may refuse with; what all routes have in common is added to the document by rule. */
  problems?: ErrorClass[];
  /** What it asks of the HTTP server. */
  settings?: RouteSettings;
}

const COOKIES = {
  set: 'The two tokens, where they travel as cookies.',
  deleted: 'Deletes our cookies, where the request carried some.',
};

/** By header, or by cookie. */
export const SIGNED_IN: Record<string, string[]>[] = [{ bearer: [] }, { cookie: [] }];
export const PERHAPS_SIGNED_IN = [{}, ...SIGNED_IN];

/** Says what a route does, once, for its answers and for the OpenAPI document. */
export function Operation(options: OperationOptions): MethodDecorator {
  const {
    id,
    summary,
    description,
    status = 200,
    body,
    otherBody,
    cookies,
    readsToken,
    problems = [],
    settings = {},
  } = options;
  const { errorFormat = PROBLEM } = settings;
  const operation = {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    ...(readsToken && { security: PERHAPS_SIGNED_IN }),
  };
  const responses: Record<string, ApiResponseOptions> = {
    [status]: { ...success(summary, cookies), ...bodyOf(body, otherBody) },
    ...errorResponses(problems, {}, errorFormat),
  };
  return applyDecorators(
    HttpCode(status),
    ApiOperation(operation),
    ApiExtraModels(errorFormat.model, ...(otherBody ? [body as Type, otherBody] : [])),
    ...askOfServer(settings),
    ...Object.entries(responses).map(([code, response]) =>
      ApiResponse({ status: Number(code), ...response }),
    ),
  );
}

function askOfServer(settings: RouteSettings): MethodDecorator[] {
  const { errorFormat, form } = settings;
  return [
    RouteConfig(settings),
    ...(errorFormat ? [ApiExtension(ERROR_FORMAT_EXTENSION, errorFormat.name)] : []),
    ...(form ? [ApiConsumes('application/x-www-form-urlencoded')] : []),
  ];
}

function success(description: string, cookies?: keyof typeof COOKIES): ApiResponseOptions {
  const headers = cookies && {
    'Set-Cookie': { description: COOKIES[cookies], schema: { type: 'string' as const } },
  };
  return { description, ...(headers && { headers }) };
}

function bodyOf(type?: Type | [Type], other?: Type): ApiResponseOptions {
  if (!type) return {};
  if (!other) return { type };
  return { schema: { oneOf: [type as Type, other].map((one) => ({ $ref: getSchemaPath(one) })) } };
}
