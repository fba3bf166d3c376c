import { Injectable } from '@nestjs/common';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { TokenBundleDto, type Transport } from './auth.dto.js';
import { SameOrigin } from './same-origin.js';
import type { TokenBundle } from './token-bundle.js';
import { TokenCookies } from './token-cookies.js';

/** Hands tokens to the client in the way it asked for. */
@Injectable()
export class TokenTransport {
  constructor(
    private readonly cookies: TokenCookies,
    private readonly sameOrigin: SameOrigin,
  ) {}

  /** Before anything is done for a request that asks for cookies. @throws CsrfRejected */
  assertAllowed(request: HttpRequest, transport: Transport = 'body'): void {
    if (transport === 'cookie') this.sameOrigin.assert(request);
  }

  /** The body of the answer; with `cookie` the two secrets are set as cookies and absent from it. */
  deliver(bundle: TokenBundle, response: HttpResponse, transport: Transport = 'body'): TokenBundleDto {
    response.header('Cache-Control', 'no-store');
    if (transport === 'cookie') this.cookies.set(response, bundle);
    return TokenBundleDto.from(bundle, transport);
  }

  /** The refresh token of a request: in the body, else in its cookie. */
  refreshToken(request: HttpRequest, fromBody: string | undefined): { token?: string; transport: Transport } {
    if (fromBody !== undefined) return { token: fromBody, transport: 'body' };
    return { token: this.cookies.read(request)[this.cookies.refreshName], transport: 'cookie' };
  }

  /** Everything in a request that names a session, for signing out. */
  allTokens(
    request: HttpRequest,
    fromBody: string | null | undefined,
  ): { accessTokens: string[]; refreshTokens: string[] } {
    const cookies = this.cookies.read(request);
    const bearer = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const { sessionName, refreshName } = this.cookies;
    return {
      accessTokens: [bearer, cookies[sessionName]].filter((token) => token != null),
      refreshTokens: [fromBody, cookies[refreshName]].filter((token) => token != null),
    };
  }

  /** Deletes our cookies where the request carried some. */
  clear(request: HttpRequest, response: HttpResponse): void {
    if (this.cookies.areCarriedBy(request)) this.cookies.clear(response);
  }
}
