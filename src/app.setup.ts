import cors from '@fastify/cors';
import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { publishApiDocument } from './app.openapi.js';
import {
  acceptBodies,
  endLongConnections,
  refuseOddRequests,
  sendSecurityHeaders,
  serveDocsPageOnly,
} from './app.http.js';
import { shedLoad } from './app.load.js';
import { logRequests } from './app.request-log.js';
import { Clock } from './common/clock.js';
import { AppConfig } from './config/app-config.js';

/** Outside the prefix: what has its place by a standard, and what machines probe. */
const UNPREFIXED = ['.well-known/*path', 'health/*path', 'oauth/*path'];

/** Everything about HTTP that holds for all routes; `main.ts` and every e2e test call it. */
export function configureApp(app: NestFastifyApplication): void {
  const config = app.get<AppConfig>(AppConfig);
  const fastify = app.getHttpAdapter().getInstance();
  setRoutePrefix(app);
  sendSecurityHeaders(fastify);
  // Load tests want to see what the service can do.
  if (config.rateLimit) shedLoad(fastify);
  endLongConnections(fastify);
  refuseOddRequests(fastify);
  acceptBodies(fastify);
  if (config.http.corsOrigins.length > 0) admitOrigins(app, config.http.corsOrigins);
  if (config.production) logRequests(fastify, app.get(Clock));
  if (!config.http.docs) return;
  serveDocsPageOnly(fastify);
  publishApiDocument(app);
}

/** To others browsers show nothing, and without any there is nothing to add to an answer (parity NX-08). */
function admitOrigins(app: NestFastifyApplication, origins: readonly string[]): void {
  void app
    .getHttpAdapter()
    .getInstance()
    .register(cors, {
      origin: [...origins],
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: [
        'WWW-Authenticate',
        'Retry-After',
        'RateLimit-Limit',
        'RateLimit-Remaining',
        'RateLimit-Reset',
      ],
      maxAge: 600,
    });
}

export function setRoutePrefix(app: INestApplication): void {
  app.setGlobalPrefix('api', { exclude: UNPREFIXED });
}
