import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { afterAll, afterEach } from 'vitest';
import { createApiDocument } from '../../src/app.openapi.js';
import { Contract, type Exchange } from './openapi-contract.js';

const violations = new Set<string>();

/**
 * Holds every answer of `app` against its own OpenAPI document; call it before `listen`. An answer that is not
 * documented fails the test that is running, or the suite when none is.
 */
export function recordExchange(app: NestFastifyApplication): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  let contract: Contract | undefined;
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const exchange = exchangeOf(request, reply, payload);
    if (exchange) {
      // Not before the routes are there.
      contract ??= new Contract(documentOf(app));
      const violation = contract.violationOf(exchange);
      if (violation) violations.add(violation);
    }
    done();
  });
}

/** Replicas and the other applications of a test file have the same routes. */
let document: OpenAPIObject | undefined;

function documentOf(app: NestFastifyApplication): OpenAPIObject {
  return (document ??= createApiDocument(app));
}

const UNDOCUMENTED_METHODS = new Set(['HEAD', 'OPTIONS']);
/** The documentation itself is not part of the API. */
const DOCUMENTATION = /^\/(?:docs|openapi\.json)/;

/** Null for what no document describes: unknown paths, preflights, and the document's own pages. */
function exchangeOf(request: FastifyRequest, reply: FastifyReply, payload: unknown): Exchange | null {
  const route = request.routeOptions.url;
  if (route === undefined || request.is404 || DOCUMENTATION.test(route)) return null;
  if (UNDOCUMENTED_METHODS.has(request.method)) return null;
  return {
    method: request.method,
    path: route.replace(/:(\w+)/g, '{$1}'),
    status: reply.statusCode,
    contentType: String(reply.getHeader('content-type') ?? ''),
    headers: Object.keys(reply.getHeaders()),
    body: typeof payload === 'string' ? payload : '',
  };
}

/** How answers since the last call differ from what is documented, for a test that looks at each by itself. */
export function takeViolations(): string[] {
  const found = [...violations];
  violations.clear();
  return found;
}

function reportViolations(): void {
  const found = takeViolations();
  if (found.length > 0) throw new Error(`Answers that openapi.json does not describe:\n${found.join('\n')}`);
}

afterEach(reportViolations);
afterAll(reportViolations);
