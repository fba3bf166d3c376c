import type { ErrorFormat } from './error-format.js';
import type { HttpRequest } from './http.js';

/** What a route asks of the HTTP server beyond the usual; in Fastify's words, its config. */
export interface RouteSettings {
  /** Its body is a form, and nothing else. */
  readonly form?: boolean;
  /** How it tells what it refuses. */
  readonly errorFormat?: ErrorFormat;
}

/** Of the route that a request has reached, however its path was spelt. Empty on Express, which has no such thing. */
export function settingsOf({ routeOptions }: HttpRequest): RouteSettings {
  return routeOptions?.config ?? {};
}
