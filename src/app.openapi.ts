import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { INestApplication } from '@nestjs/common';
import { CsrfRejected } from './auth/auth.errors.js';
import {
  InternalError,
  MalformedRequest,
  PayloadTooLarge,
  Unavailable,
  UnsupportedMediaType,
  ValidationFailed,
} from './common/common.errors.js';
import { problemResponses } from './common/operation.decorator.js';
import { type Access, ACCESS_EXTENSION } from './common/public.decorator.js';
import { SessionRevoked, TokenExpired, TokenInvalid, TokenMissing } from './tokens/tokens.errors.js';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const SIGNED_IN: Record<string, string[]>[] = [{ bearer: [] }, { cookie: [] }];

/** The contract as OpenAPI 3: what the routes say of themselves, and by rule what all have in common. */
export function createApiDocument(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('Tokenhouse')
    .setDescription('Registers people, signs them in, and issues, verifies and revokes their bearer tokens.')
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addCookieAuth('__Host-session', { type: 'apiKey', in: 'cookie' }, 'cookie')
    .build();
  const document = SwaggerModule.createDocument(app, base);
  for (const [path, item] of Object.entries(document.paths)) completePath(path, item);
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

function completePath(path: string, item: PathItem): void {
  for (const method of METHODS) {
    const operation = item[method];
    if (operation) completeOperation(path, operation);
  }
}

function completeOperation(path: string, operation: Operation & { [ACCESS_EXTENSION]?: Access }): void {
  const { [ACCESS_EXTENSION]: access = 'required' } = operation;
  delete operation[ACCESS_EXTENSION];
  operation.security = access === 'public' ? [] : access === 'required' ? SIGNED_IN : [{}, ...SIGNED_IN];
  // One handler may serve two paths; its second name is then the path's own.
  if (path.endsWith('/signin')) operation.operationId = 'signin';
  addProblems(operation, access);
}

function addProblems(operation: Operation, access: Access): void {
  const reads = operation.requestBody !== undefined;
  const common = problemResponses([
    ...(reads || operation.parameters?.length ? [ValidationFailed, MalformedRequest] : [MalformedRequest]),
    ...(access === 'public' ? [] : [TokenMissing, TokenInvalid, TokenExpired, SessionRevoked]),
    ...(access !== 'public' && reads ? [CsrfRejected] : []),
    ...(reads ? [PayloadTooLarge, UnsupportedMediaType] : []),
    InternalError,
    Unavailable,
  ]);
  for (const [status, response] of Object.entries(common)) {
    operation.responses[status] = merge(operation.responses[status] as typeof response | undefined, response);
  }
}

type Problem = ReturnType<typeof problemResponses>[number];

/** Two lists of codes for one status. */
function merge(own: Problem | undefined, common: Problem): Problem {
  if (!own) return common;
  const codes = [...new Set([...codesOf(own), ...codesOf(common)])];
  const [reference] = common.content['application/problem+json']?.schema.allOf ?? [];
  const schema = {
    allOf: [reference ?? {}, { type: 'object', properties: { code: { type: 'string', enum: codes } } }],
  };
  return {
    description: `${own.description} ${common.description}`,
    content: { 'application/problem+json': { schema } },
  };
}

function codesOf(response: Problem): string[] {
  const [, second] = response.content['application/problem+json']?.schema.allOf ?? [];
  return (
    (second as { properties?: { code?: { enum?: string[] } } } | undefined)?.properties?.code?.enum ?? []
  );
}
