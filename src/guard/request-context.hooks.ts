import { randomUUID } from 'node:crypto';
import type { HttpServer, MiddlewareConsumer } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { HttpRequest } from '../common/http.js';
import { type RequestContext, runInContext } from '../common/request-context.js';
import { clientAddress } from '../common/client-address.js';

type Next = (error?: Error) => void;

/** Refuses a request before anything else reads it; throws to refuse. */
type RequestCheck = (request: HttpRequest) => void;

/**
 * Opens a request context around every request, and runs `check` first, on Fastify and on Express alike.
 * Nothing here depends on the path.
 */
export function installRequestContext(
  adapter: HttpServer,
  consumer: MiddlewareConsumer,
  check: RequestCheck,
): void {
  if (adapter.getType() === 'fastify')
    return installOnFastify(adapter.getInstance() as FastifyInstance, check);
  consumer
    .apply((request: HttpRequest, _response: unknown, next: Next) => {
      // A refusal goes by `next`, so that the filter finds the context, and the path that a middleware sees shortened.
      runInContext(contextOf(request), () => next(refusalOf(request, check)));
    })
    .forRoutes('{*path}');
}

/** The context is entered after the body was read, because reading it leaves the asynchronous context. */
function installOnFastify(fastify: FastifyInstance, check: RequestCheck): void {
  fastify.addHook('onRequest', (request, _reply, done) => done(refusalOf(request, check)));
  fastify.addHook('preValidation', (request, _reply, done) => runInContext(contextOf(request), done));
}

/** Undefined when there is none. */
function refusalOf(request: HttpRequest, check: RequestCheck): Error | undefined {
  try {
    check(request);
  } catch (error) {
    return error as Error;
  }
}

function contextOf(request: HttpRequest): RequestContext {
  return {
    requestId: typeof request.id === 'string' ? request.id : randomUUID(),
    ip: clientAddress(request.ip),
    userAgent: request.headers['user-agent'] ?? null,
    languages: request.headers['accept-language'] ?? null,
  };
}
