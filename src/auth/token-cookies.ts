import { Injectable } from '@nestjs/common';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { AppConfig } from '../config/app-config.js';
import type { CookieNames } from '../guard/credential.js';
import type { TokenBundle } from './token-bundle.js';

/** Wide enough for refresh and logout, and no wider (security.md, "Cookies, CSRF, CORS"). */
const REFRESH_PATH = '/api/auth';

/** The two cookies of `transport: cookie`: the access token for every path, the refresh token for few. */
@Injectable()
export class TokenCookies {
  readonly sessionName: string;
  readonly refreshName: string;
  /** Where the guard looks for an access token. */
  readonly accessTokenNames: CookieNames;
  /** Every cookie that a token is read from. */
  readonly names: readonly string[];
  private readonly secure: boolean;

  constructor(config: AppConfig) {
    this.secure = config.http.publicUrl.startsWith('https:');
    // Prefixes need Secure, which plain-HTTP localhost cannot offer.
    this.sessionName = this.secure ? '__Host-session' : 'session';
    this.refreshName = this.secure ? '__Secure-refresh' : 'refresh';
    const { cookieNames } = config.tokenAccess;
    this.accessTokenNames = { always: [this.sessionName], safeMethods: cookieNames };
    this.names = [this.sessionName, this.refreshName, ...cookieNames];
  }

  /** The cookies of a request. Absent and unreadable are the same. */
  read(request: HttpRequest): Partial<Record<string, string>> {
    const header = request.headers.cookie;
    return header === undefined ? {} : parseCookie(header);
  }

  /** Whether a request carries one of our two cookies, good or bad. */
  areCarriedBy(request: HttpRequest): boolean {
    const cookies = this.read(request);
    return this.sessionName in cookies || this.refreshName in cookies;
  }

  set(response: HttpResponse, bundle: TokenBundle): void {
    const { token, expiresAt, refreshToken, refreshExpiresAt } = bundle;
    response.header('set-cookie', [
      this.format(this.sessionName, token, '/', expiresAt),
      this.format(this.refreshName, refreshToken, REFRESH_PATH, refreshExpiresAt),
    ]);
  }

  clear(response: HttpResponse): void {
    const past = new Date(0);
    response.header('set-cookie', [
      this.format(this.sessionName, '', '/', past),
      this.format(this.refreshName, '', REFRESH_PATH, past),
    ]);
  }

  private format(name: string, value: string, path: string, expires: Date): string {
    return stringifySetCookie({
      name,
      value,
      path,
      expires,
      httpOnly: true,
      secure: this.secure,
      sameSite: 'lax',
    });
  }
}
