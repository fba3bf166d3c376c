import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { INestApplication } from '@nestjs/common';
import { CsrfRejected } from './auth/auth.errors.js';
import {
  InternalError,
  MalformedRequest,
  Overloaded,
  PayloadTooLarge,
  Unavailable,
  UnsupportedMediaType,
  ValidationFailed,
} from './common/common.errors.js';
import { isSafeMethod } from './common/http.js';
import { ERROR_FORMAT_EXTENSION, PERHAPS_SIGNED_IN, SIGNED_IN } from './common/operation.decorator.js';
import { AccessDenied } from './guard/guard.errors.js';
import { findErrorFormat } from './common/error-format.js';
import { type ErrorClass, errorResponses } from './common/error-responses.js';
import { PROBLEM } from './common/problem.js';
import { type Access, ACCESS_EXTENSION } from './common/public.decorator.js';
import { ENROLMENT_EXTENSION } from './second-factors/enrolment.js';
import { TwoFactorRequired } from './second-factors/second-factors.errors.js';
import { SessionRevoked, TokenExpired, TokenInvalid, TokenMissing } from './tokens/tokens.errors.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  [ACCESS_EXTENSION]?: Access;
  [ERROR_FORMAT_EXTENSION]?: string;
  [ENROLMENT_EXTENSION]?: true;
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const COOKIE = {
  type: 'apiKey',
  in: 'cookie',
  description: 'With `transport: cookie`. On plain HTTP the name is `session`.',
} as const;

const SERVICE_CLIENT = {
  type: 'http',
  scheme: 'basic',
  description:
    'The id and the secret of a service client; in a form also as `client_id` and `client_secret`.',
} as const;

const SECURITY: Record<Access, Operation['security']> = {
  required: SIGNED_IN,
  optional: PERHAPS_SIGNED_IN,
  guest: [],
  public: [],
};

/** The contract as OpenAPI 3: what the routes say of themselves, and by rule what all have in common. */
export function createApiDocument(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('Tokenhouse')
    .setDescription('Registers people, signs them in, and issues, verifies and revokes their bearer tokens.')
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addCookieAuth('__Host-session', COOKIE, 'cookie')
    .addBasicAuth(SERVICE_CLIENT, 'serviceClient')
    .build();
  const document = SwaggerModule.createDocument(app, base);
  for (const route of routesOf(document)) completeOperation(document, route);
  return document;
}

export function publishApiDocument(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => createApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Tokenhouse API',
    // Null: swagger-ui would show the document to a validator on the internet.
    swaggerOptions: { validatorUrl: null },
  });
}

interface Route {
  method: string;
  path: string;
  operation: Operation;
}

function routesOf({ paths }: OpenAPIObject): Route[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ method: method.toUpperCase(), path, operation }] : [];
    }),
  );
}

function completeOperation(document: OpenAPIObject, { method, path, operation }: Route): void {
  const { [ACCESS_EXTENSION]: access = 'required', [ERROR_FORMAT_EXTENSION]: formatName } = operation;
  delete operation[ACCESS_EXTENSION];
  delete operation[ERROR_FORMAT_EXTENSION];
  const standing = access === 'public' || operation[ENROLMENT_EXTENSION] ? [] : [TwoFactorRequired];
  delete operation[ENROLMENT_EXTENSION];
  operation.security ??= SECURITY[access];
  // One handler may serve two paths; its second name is then the path's own.
  if (path.endsWith('/signin')) operation.operationId = 'signin';
  allowMissingBody(document, operation);
  const format = findErrorFormat(formatName) ?? PROBLEM;
  const common = errorResponses(
    [...commonProblems(method, operation, access), ...standing],
    operation.responses,
    format,
  );
  Object.assign(operation.responses, common);
}

/** A body may be left out when none of its fields is required. Nest does not see that. */
function allowMissingBody(document: OpenAPIObject, { requestBody }: Operation): void {
  if (!requestBody || '$ref' in requestBody) return;
  const schema = requestBody.content['application/json']?.schema;
  if (!schema || !('$ref' in schema)) return;
  const body = document.components?.schemas?.[schema.$ref.split('/').pop() ?? ''];
  if (body && !('$ref' in body)) requestBody.required = (body.required ?? []).length > 0;
}

/** What the pipe, the guard and the server itself may refuse on a route like this. */
function commonProblems(method: string, operation: Operation, access: Access): ErrorClass[] {
  const hasQuery = operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'query');
  return [
    ...(operation.requestBody || hasQuery ? [ValidationFailed] : []),
    MalformedRequest,
    ...(access === 'public' ? [] : [TokenInvalid, TokenExpired, SessionRevoked]),
    ...(access === 'required' ? [TokenMissing] : []),
    ...(access === 'guest' ? [AccessDenied] : []),
    // Bodies are read, and cookies looked for, on every route that changes something.
    ...(isSafeMethod(method) ? [] : [CsrfRejected, PayloadTooLarge, UnsupportedMediaType]),
    InternalError,
    Overloaded,
    Unavailable,
  ];
}
