import type { IncomingHttpHeaders } from 'node:http';

/** What we need of a request; Fastify's and Express' both have it. */
export interface HttpRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly ip?: string;
  /** Fastify's name for the request, a UUID with the adapter of `app.http.ts`. */
  readonly id?: unknown;
  /** The route that it has reached, in Fastify's. */
  readonly routeOptions?: { readonly config?: object };
  /** Node's own request, in Fastify's. */
  readonly raw?: { readonly rawHeaders: readonly string[] };
  /** Node's own header lines, in Express'. */
  readonly rawHeaders?: readonly string[];
}

/** What we need of an answer; Fastify's reply and Express' response both have it. */
export interface HttpResponse {
  header(name: string, value: string | string[]): unknown;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a method changes nothing (RFC 9110, section 9.2.1). */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Header lines as they came, name and value in turn; Node's parsed headers drop repeated ones. */
export function headerLines(request: HttpRequest): readonly string[] {
  return request.raw?.rawHeaders ?? request.rawHeaders ?? [];
}
