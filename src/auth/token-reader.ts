import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { HttpRequest } from '../common/http.js';
import { AppConfig } from '../config/app-config.js';
import { bindGetToken, getToken, type TokenClaims } from '../tokens/get-token/get-token.js';
import { findBearer } from '../tokens/get-token/request-bearer.js';
import { readRequestHead } from '../tokens/get-token/request-head.js';
import { isRefusal } from '../tokens/tokens.errors.js';
import { Authenticator } from './authenticator.js';

/** Lends this service's verification to `getToken`, and answers `GET /api/token` with it. */
@Injectable()
export class TokenReader implements OnModuleInit, OnApplicationShutdown {
  private unbind?: () => void;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.unbind = bindGetToken({
      verifyOwnToken: (token) => this.verify(token),
      secrets: this.config.tokenAccess.authjsSecrets,
      secureCookie: this.config.http.publicUrl.startsWith('https:'),
      cookieNames: this.config.tokenAccess.cookieNames,
    });
  }

  /** Not before the last request is answered. */
  onApplicationShutdown(): void {
    this.unbind?.();
  }

  /** The claims of the token that came with a request; null for none, or one that does not count. */
  claims(request: HttpRequest): Promise<TokenClaims | null> {
    return getToken({ req: request });
  }

  /**
   * The encoded token of the `Authorization` header, if it is good. A cookie alone gives null, so that script
   * never reads an HttpOnly secret this way (parity JA-02).
   */
  async rawFromHeader(request: HttpRequest): Promise<string | null> {
    const { authorization } = request.headers;
    const { token } = findBearer(readRequestHead({ req: request }));
    if (authorization === undefined || token === null) return null;
    const claims = await getToken({ req: { method: request.method, headers: { authorization } } });
    return claims && token;
  }

  private async verify(token: string): Promise<TokenClaims | null> {
    try {
      const { claims } = await this.authenticator.authenticate(token, 'code');
      return { ...claims };
    } catch (error) {
      if (isRefusal(error)) return null;
      throw error;
    }
  }
}
