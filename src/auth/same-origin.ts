import { Injectable } from '@nestjs/common';
import { type HttpRequest, isSafeMethod } from '../common/http.js';
import { AppConfig } from '../config/app-config.js';
import { CsrfRejected } from './auth.errors.js';
import { TokenCookies } from './token-cookies.js';

/** Keeps other sites from using a person's cookies (security.md, "Cookies, CSRF, CORS"). */
@Injectable()
export class SameOrigin {
  private readonly allowed: ReadonlySet<string>;

  constructor(
    config: AppConfig,
    private readonly cookies: TokenCookies,
  ) {
    this.allowed = new Set([new URL(config.http.publicUrl).origin, ...config.http.corsOrigins]);
  }

  /**
   * For every request, before its body is read: one that changes something and carries our cookies must be JSON,
   * or without a body, and come from an allowed origin, whatever else it carries: routes may read several tokens.
   * @throws CsrfRejected
   */
  check(request: HttpRequest): void {
    if (isSafeMethod(request.method) || !this.cookies.areCarriedBy(request)) return;
    if (!isJsonOrEmpty(request)) throw new CsrfRejected();
    this.assert(request);
  }

  /** `Origin` decides; without one the browser must say that it is the same origin. @throws CsrfRejected */
  assert(request: HttpRequest): void {
    const { origin, 'sec-fetch-site': site } = request.headers;
    const allowed = origin === undefined ? site === 'same-origin' : this.allowed.has(origin);
    if (!allowed) throw new CsrfRejected();
  }
}

function isJsonOrEmpty({ headers }: HttpRequest): boolean {
  const type = headers['content-type'];
  if (type !== undefined) return /^application\/json *(?:;|$)/i.test(type);
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}
