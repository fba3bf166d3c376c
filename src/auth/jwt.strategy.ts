import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import type { HttpRequest } from '../common/http.js';
import { JWT_ALGORITHMS } from '../config/app-config.js';
import { findCredential } from '../guard/credential.js';
import { setPrincipal } from '../guard/principal.js';
import { BearerTokens } from '../tokens/bearer-tokens.js';
import type { User } from '../users/user.entity.js';
import { Authenticator } from './authenticator.js';
import { TokenCookies } from './token-cookies.js';

/**
 * Our tokens for Passport's own `AuthGuard('jwt')`. The key comes from the strict check and the verdict from the
 * one verification, so a host that stays with Passport gets the same answers as `JwtAuthGuard` gives.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    private readonly authenticator: Authenticator,
    bearerTokens: BearerTokens,
    cookies: TokenCookies,
  ) {
    super({
      jwtFromRequest: (request: HttpRequest) =>
        findCredential(request, cookies.accessTokenNames)?.token ?? null,
      secretOrKeyProvider: (_request: unknown, token: string, done: KeyCallback) => {
        // Thrown, not given to `done`: Passport would make a bare 401 of it, without a code.
        bearerTokens.verify(token, { acceptExpired: true });
        // jsonwebtoken takes a KeyObject; the strategy's types do not know it.
        done(null, bearerTokens.verificationKey(token) as unknown as Buffer);
      },
      algorithms: [...JWT_ALGORITHMS],
      // The times are the one verification's business, by the injected clock and with the leeway.
      ignoreExpiration: true,
      jsonWebTokenOptions: { ignoreNotBefore: true },
      passReqToCallback: true,
    });
  }

  /** @throws what `Authenticator` throws */
  async validate(request: HttpRequest): Promise<User | null> {
    const principal = await this.authenticator.authenticateRequest(request);
    if (!principal) return null;
    setPrincipal(principal);
    return principal.user;
  }
}

type KeyCallback = (error: unknown, key?: Buffer) => void;
