import { randomUUID } from 'node:crypto';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MalformedRequest, NotFound, UnsupportedMediaType } from './common/common.errors.js';
import { parseFormBody } from './common/form-body.js';
import type { HttpRequest } from './common/http.js';
import { parseJsonBody } from './common/json-body.js';
import { problemOf } from './common/problem.js';
import { type RouteSettings, settingsOf } from './common/route-settings.js';
import { AppConfig } from './config/app-config.js';

const BODY_LIMIT_BYTES = 100 * 1024;
const MAX_HEADER_LINES = 100;
const MAX_COOKIES = 50;
const MAX_QUERY_PARAMETERS = 50;
const MAX_REQUESTS_A_SOCKET = 1000;

/** The HTTP server with its limits (security.md, "HTTP limits"); create the application with `bodyParser: false`. */
export function createHttpAdapter(config: AppConfig): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    // A list of networks, never `true`: that would believe every client about its own address.
    trustProxy: config.http.trustedProxies.length > 0 ? [...config.http.trustedProxies] : false,
    genReqId: () => randomUUID(),
    // What comes in on open connections while the service stops is still answered.
    return503OnClosing: false,
    // Room to count beyond the limit: Node drops what exceeds its own silently.
    http: { maxHeaderSize: 16_384, headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
    // A path that cannot be decoded reaches neither hooks nor routes.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      const problem = problemOf(new MalformedRequest(), request);
      void reply
        .code(problem.status)
        .headers(headersFor(request))
        .type('application/problem+json')
        .send(problem);
    },
    clientErrorHandler: (error, socket) => {
      const status = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
      if (socket.writable)
        socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      socket.destroy();
    },
  });
}

const STATUS_LINES: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'cross-origin-resource-policy': 'same-origin',
};

/** Answers that carry or refuse a credential. */
const API_HEADERS = { ...SECURITY_HEADERS, 'cache-control': 'no-store' };

/** The documentation page is the one that loads something: from here and from nowhere else. */
const DOCS_HEADERS = {
  ...SECURITY_HEADERS,
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
};

const API_PATH = /^\/(?:api|oauth)(?:\/|$|\?)/;

/** First of all, so that every answer has them, refusals and preflights too; what a route chooses takes their place. */
export function sendSecurityHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(headersFor(request));
    done();
  });
}

/** By the route, too: the same one can be asked for as `/%61pi/user`, or with a host before its path. */
function headersFor({ url, routeOptions }: FastifyRequest): typeof SECURITY_HEADERS {
  const route = routeOptions.url ?? url;
  if (API_PATH.test(route) || API_PATH.test(url)) return API_HEADERS;
  return route.startsWith('/docs') ? DOCS_HEADERS : SECURITY_HEADERS;
}

/** What no honest client sends, and what two readers could understand differently. */
export function refuseOddRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const values = request.url.includes('?') ? Object.values(request.query as Record<string, unknown>) : [];
    const cookies = request.headers.cookie?.split(';').length ?? 0;
    if (request.raw.rawHeaders.length / 2 > MAX_HEADER_LINES) done(new MalformedRequest('Too many headers.'));
    else if (cookies > MAX_COOKIES) done(new MalformedRequest('Too many cookies.'));
    else if (values.length > MAX_QUERY_PARAMETERS) done(new MalformedRequest('Too many query parameters.'));
    else if (values.some(Array.isArray)) done(new MalformedRequest('A query parameter is repeated.'));
    else done();
  });
}

/**
 * The last answer that a connection gets says so, and the connection ends with it. Node's own `maxRequestsPerSocket`
 * leaves it open and answers 503 to whoever goes on.
 */
export function endLongConnections(fastify: FastifyInstance): void {
  const counts = new WeakMap<object, number>();
  fastify.addHook('onRequest', (request, reply, done) => {
    const count = (counts.get(request.raw.socket) ?? 0) + 1;
    counts.set(request.raw.socket, count);
    if (count >= MAX_REQUESTS_A_SOCKET) reply.header('connection', 'close');
    done();
  });
}

/** What the documentation page loads; the package it comes from holds more, and tells its version (LOG-09). */
const DOCS_FILES =
  /^\/docs\/(?:swagger-ui(?:-bundle|-standalone-preset|-init)?\.(?:js|css)|favicon-\d+x\d+\.png)(?:\?|$)/;

export function serveDocsPageOnly(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const hidden = request.url.startsWith('/docs/') && !DOCS_FILES.test(request.url);
    done(hidden ? new NotFound() : undefined);
  });
}

const JSON_TYPE = /^application\/json *(?:; *charset *= *"?utf-8"? *)?$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded *(?:; *charset *= *"?utf-8"? *)?$/i;

/**
 * JSON, or a form on the routes that ask for one: a page elsewhere can send forms, so no other route reads them
 * (INJ-10). Any further type is answered with 415, unread.
 */
export function acceptBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  acceptType(fastify, JSON_TYPE, parseJsonBody, ({ form }) => !form);
  acceptType(fastify, FORM_TYPE, parseFormBody, ({ form }) => form === true);
  // No compressed bodies: a small one may be huge (INJ-11; RFC 9110, section 15.5.16).
  fastify.addHook('onRequest', (request, _reply, done) => {
    const coding = request.headers['content-encoding'] ?? 'identity';
    done(coding.toLowerCase() === 'identity' ? undefined : new UnsupportedMediaType());
  });
}

function acceptType(
  fastify: FastifyInstance,
  type: RegExp,
  parse: (body: Buffer) => unknown,
  fits: (route: RouteSettings) => boolean,
): void {
  fastify.addContentTypeParser(type, { parseAs: 'buffer' }, async (request: HttpRequest, body: Buffer) => {
    if (!fits(settingsOf(request))) throw new UnsupportedMediaType();
    return parse(body);
  });
}
