import { describe, expect, it } from 'vitest';
import type { TokenBundle } from '../../../src/auth/token-bundle.js';
import { TokenCookies } from '../../../src/auth/token-cookies.js';
import { TokenTransport } from '../../../src/auth/token-transport.js';
import { SameOrigin } from '../../../src/auth/same-origin.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { User } from '../../../src/users/user.entity.js';

const APP_KEY = 'q0Zf3b8JmXw2Lr7TtYc5Vn1Gs6Hk9Dp4Ea+Uo/iBxWM=';
const at = new Date('2026-01-02T03:04:05Z');

const bundle: TokenBundle = {
  token: 'access',
  expiresInSeconds: 60,
  expiresAt: at,
  refreshToken: 'refresh',
  refreshExpiresAt: at,
  user: Object.assign(new User(), { id: 'id', email: 'a@example.com', createdAt: at, updatedAt: at }),
};

describe('TokenTransport', () => {
  it('SS-15: session.answering adds fields to the bundle, and replaces none', () => {
    const config = loadConfig({ APP_KEY });
    const cookies = new TokenCookies(config);
    const transport = new TokenTransport(cookies, new SameOrigin(config, cookies));
    transport.onAnswering(({ user }) => ({ plan: 'team', about: user.email, tokenType: 'Basic' }));
    transport.onAnswering(() => ({ token: 'another' }));
    const answer = transport.deliver(bundle, { header: () => undefined });
    expect(answer).toMatchObject({
      plan: 'team',
      about: 'a@example.com',
      tokenType: 'Bearer',
      token: 'access',
    });
  });
});
