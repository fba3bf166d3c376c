import { Injectable } from '@nestjs/common';
import { ValidationFailed } from '../common/common.errors.js';
import type { HttpRequest, HttpResponse } from '../common/http.js';
import { ChallengeDto, TokenBundleDto } from './auth.dto.js';
import { bearerToken } from '../guard/credential.js';
import { Challenge } from './challenge.js';
import { SameOrigin } from './same-origin.js';
import type { TokenBundle, Transport } from './token-bundle.js';
import { TokenCookies } from './token-cookies.js';

/** What a host application has to say beside the tokens (`session.answering`, parity SS-15). */
export type AnsweringHook = (bundle: TokenBundle) => Record<string, unknown>;

/** Hands tokens to the client in the way it asked for. */
@Injectable()
export class TokenTransport {
  private readonly hooks: AnsweringHook[] = [];

  constructor(
    private readonly cookies: TokenCookies,
    private readonly sameOrigin: SameOrigin,
  ) {}

  /** Adds fields to every bundle that is answered; none of ours is replaced. Call it from `onModuleInit`. */
  onAnswering(hook: AnsweringHook): void {
    this.hooks.push(hook);
  }

  /** Before anything is done for a request that asks for cookies. @throws CsrfRejected */
  assertAllowed(request: HttpRequest, transport: Transport = 'body'): void {
    if (transport === 'cookie') this.sameOrigin.assert(request);
  }

  /** The body of the answer; with `cookie` the two secrets are set as cookies and absent from it. */
  deliver(bundle: TokenBundle, response: HttpResponse, transport: Transport = 'body'): TokenBundleDto {
    response.header('Cache-Control', 'no-store');
    if (transport === 'cookie') this.cookies.set(response, bundle);
    const added = this.hooks.map((hook) => hook(bundle));
    return Object.assign({}, ...added, TokenBundleDto.from(bundle, transport)) as TokenBundleDto;
  }

  /** The same for a sign-in, which may not be complete yet; then no cookie is set (MFA-06). */
  answer(
    outcome: TokenBundle | Challenge,
    response: HttpResponse,
    transport?: Transport,
  ): TokenBundleDto | ChallengeDto {
    if (!(outcome instanceof Challenge)) return this.deliver(outcome, response, transport);
    response.header('Cache-Control', 'no-store');
    return ChallengeDto.from(outcome);
  }

  /** The refresh token of a request: in the body, else in its cookie. @throws ValidationFailed when in neither */
  refreshToken(request: HttpRequest, fromBody: string | undefined): { token: string; transport: Transport } {
    if (fromBody !== undefined) return { token: fromBody, transport: 'body' };
    const token = this.cookies.read(request)[this.cookies.refreshName];
    if (token === undefined) throw new ValidationFailed([REFRESH_TOKEN_MISSING]);
    return { token, transport: 'cookie' };
  }

  /** Everything in a request that names a session, for signing out. */
  allTokens(
    request: HttpRequest,
    fromBody: string | null | undefined,
  ): { accessTokens: string[]; refreshTokens: string[] } {
    const cookies = this.cookies.read(request);
    const bearer = bearerToken(request.headers.authorization);
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

const REFRESH_TOKEN_MISSING = {
  field: 'refreshToken',
  code: 'missing',
  message: 'Send the refresh token in the body or in its cookie.',
};
