import { Injectable } from '@nestjs/common';
import type { BearerPrincipal } from '../guard/principal.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { isRefusal, KeyUnknown } from '../tokens/tokens.errors.js';
import { RemoteKeys } from './remote-keys.js';
import { RevocationFeed } from './revocation-feed.js';
import { TokenDirectory, type VerifiedToken } from './token-directory.js';

/** Checks the service's tokens here; usable in any provider. */
@Injectable()
export class AuthClient {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly directory: TokenDirectory,
    private readonly keys: RemoteKeys,
    private readonly verifier: TokenVerifier,
  ) {}

  /**
   * Whom a token stands for, e.g. one that came in a message.
   * @returns false when it is invalid or late, or its session is over
   * @throws Unavailable when nobody can tell: never a wrong yes, nor a wrong no
   */
  async checkBearerToken(token: unknown): Promise<BearerPrincipal | false> {
    if (typeof token !== 'string') return false;
    try {
      return await this.authenticate(token, 'code');
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  /** Whether everything that the service revoked `silenceSeconds` ago is known here; for a health check. */
  isCurrent(): boolean {
    return this.feed.isCurrent();
  }

  /**
   * Without a promise when the token is remembered.
   * @throws TokenInvalid, TokenExpired, SessionRevoked, Unavailable when nobody can tell
   */
  authenticate(
    token: string,
    credential: BearerPrincipal['credential'],
  ): BearerPrincipal | Promise<BearerPrincipal> {
    this.feed.assertUsable();
    const known = this.directory.recall(token);
    return known ? { ...known, credential } : this.check(token, credential);
  }

  private async check(token: string, credential: BearerPrincipal['credential']): Promise<BearerPrincipal> {
    await this.keys.load();
    try {
      return { ...this.verify(token), credential };
    } catch (error) {
      if (!(error instanceof KeyUnknown)) throw error;
    }
    await this.keys.search();
    return { ...this.verify(token), credential };
  }

  /** Without a promise from the first check to the last, so that nothing can be revoked in between. */
  private verify(token: string): VerifiedToken {
    this.feed.assertUsable();
    return this.directory.learn(token, this.verifier.verify(token));
  }
}
