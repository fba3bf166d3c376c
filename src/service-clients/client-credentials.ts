import { MalformedRequest } from '../common/common.errors.js';
import type { HttpRequest } from '../common/http.js';

/** What a service client authenticates with, not checked yet. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;

/**
 * The credentials in a request: by HTTP Basic, or as `client_id` and `client_secret` in a form (RFC 6749, section
 * 2.3.1). Null when there are none, or unreadable ones.
 * @throws MalformedRequest when a client uses both ways at once, which section 2.3 forbids
 */
export function readClientCredentials(request: HttpRequest & { body?: unknown }): ClientCredentials | null {
  const { authorization } = request.headers;
  const inForm = formCredentials(request.body);
  if (authorization !== undefined && inForm)
    throw new MalformedRequest('The client authenticates in two ways at once.');
  return authorization === undefined ? inForm : basicCredentials(authorization);
}

/** Id and secret are form-encoded inside, so that either may hold a colon. */
function basicCredentials(authorization: string): ClientCredentials | null {
  const text = Buffer.from(BASIC.exec(authorization)?.[1] ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return null;
  try {
    return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) };
  } catch {
    return null;
  }
}

/** @throws URIError */
function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function formCredentials(body: unknown): ClientCredentials | null {
  const { client_id: id, client_secret: secret } = (body ?? {}) as Record<string, unknown>;
  return typeof id === 'string' && typeof secret === 'string' && id && secret ? { id, secret } : null;
}
