import { JwtService } from '@nestjs/jwt';
import type { Clock } from '../common/clock.js';
import type { JwtAlgorithm } from '../config/app-config.js';
import { type TokenKey, tokenKey } from '../config/keys/token-key.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';
import { generateSigningKey } from '../tokens/generate-key.js';
import { signAccessToken } from '../tokens/issue-access-token.js';
import { KeyRing, keysInOrder, type PublicJwk } from '../tokens/key-ring.js';

/** The keys of an issuer for tests: the newest signs. */
export class TestKeys {
  private readonly jwt = new JwtService({});
  private readonly ring: KeyRing;

  private constructor(
    private readonly algorithm: JwtAlgorithm,
    private keys: TokenKey[],
    clock: Clock,
  ) {
    this.ring = new KeyRing(keysInOrder(keys), clock);
  }

  static async generate(algorithm: JwtAlgorithm, clock: Clock): Promise<TestKeys> {
    return new TestKeys(algorithm, [await generate(algorithm)], clock);
  }

  get current(): TokenKey {
    return this.ring.current;
  }

  jwks(): { keys: PublicJwk[] } {
    return this.ring.jwks();
  }

  sign(claims: AccessTokenClaims): string {
    return signAccessToken(claims, this.current, this.jwt);
  }

  async rotate(): Promise<void> {
    this.keys = [await generate(this.algorithm), ...this.keys];
    this.ring.replace(keysInOrder(this.keys));
  }

  /** It is published no more, and signs no more. */
  async kill(kid: string): Promise<void> {
    if (kid === this.current.kid) await this.rotate();
    this.keys = this.keys.filter((key) => key.kid !== kid);
    this.ring.replace(keysInOrder(this.keys));
  }
}

async function generate(algorithm: JwtAlgorithm): Promise<TokenKey> {
  return tokenKey(await generateSigningKey(algorithm), algorithm);
}
