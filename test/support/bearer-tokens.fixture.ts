import { JwtService } from '@nestjs/jwt';
import { Clock } from '../../src/common/clock.js';
import type { AppConfig, JwtAlgorithm } from '../../src/config/app-config.js';
import { tokenKey, type TokenKey } from '../../src/config/keys/token-key.js';
import { BearerTokens } from '../../src/tokens/bearer-tokens.js';
import { generateSigningKey } from '../../src/tokens/generate-key.js';
import type { TokenSubject } from '../../src/tokens/issue-access-token.js';
import { KeyRing, keysInOrder } from '../../src/tokens/key-ring.js';

export const ISSUER = 'https://auth.test';
export const AUDIENCE = 'https://api.test';
export const TTL_SECONDS = 3600;
export const LEEWAY_SECONDS = 60;
/** 2026-01-01T00:00:00Z. */
export const NOW_SECONDS = 1_767_225_600;

/** A clock that stands still until it is told otherwise. */
export class FrozenClock extends Clock {
  seconds = NOW_SECONDS;

  override nowMs(): number {
    return this.seconds * 1000;
  }
}

export async function makeKey(algorithm: JwtAlgorithm = 'ES256'): Promise<TokenKey> {
  return tokenKey(await generateSigningKey(algorithm), algorithm);
}

type BearerTokenConfig = AppConfig['bearerToken'];

export function tokensWith(
  keys: TokenKey[],
  clock: Clock = new FrozenClock(),
  changes: Partial<BearerTokenConfig> = {},
): BearerTokens {
  const bearerToken = {
    issuer: ISSUER,
    audience: AUDIENCE,
    ttlMinutes: TTL_SECONDS / 60,
    leewaySeconds: LEEWAY_SECONDS,
    ...changes,
  };
  const ring = new KeyRing(keysInOrder(keys), clock);
  return new BearerTokens(new JwtService({}), ring, clock, { bearerToken } as AppConfig);
}

export const SUBJECT: TokenSubject = {
  userId: '019b7700-0000-7000-8000-000000000001',
  sessionId: '019b7700-0000-7000-8000-000000000002',
  authenticatedAt: new Date((NOW_SECONDS - 100) * 1000),
  sessionEndsAt: new Date((NOW_SECONDS + 86_400) * 1000),
  methods: ['pwd'],
};
