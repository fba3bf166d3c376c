import type { AppConfig } from '../config/app-config.js';
import { RedirectNotAllowed } from './links.errors.js';

/** A page of the frontend that a mailed link opens (http-api.md), and so the route that redeems it. */
export type LinkPage = 'verify-email' | 'reset-password' | 'undo-email';

type LinkConfig = Pick<AppConfig, 'links'>;

/**
 * Where a mailed link points: a page below `APP_URL`, or one of the `REDIRECT_URLS`, with `?token=…`. Nothing
 * of it comes from a request (RST-01, parity EV-07). A `redirectTo` that is no longer allowed when the letter
 * is written falls back to the page, so that the letter still works.
 */
export function linkUrl(config: LinkConfig, page: LinkPage, token: string, redirectTo?: string | null): URL {
  const allowed = config.links.redirectUrls.find((entry) => entry === redirectTo);
  const url = new URL(allowed ?? `${config.links.appUrl}/${page}`);
  url.searchParams.set('token', token);
  return url;
}

/**
 * To be called before a letter with a `redirectTo` is queued. Compared as text and not as a URL: two parsers
 * may disagree about what a URL means, but not about whether it is the configured one (RST-03).
 * @throws RedirectNotAllowed
 */
export function requireAllowedRedirect(config: LinkConfig, redirectTo: string | null | undefined): void {
  if (redirectTo === undefined || redirectTo === null) return;
  if (!config.links.redirectUrls.includes(redirectTo)) throw new RedirectNotAllowed();
}
