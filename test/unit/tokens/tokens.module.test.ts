import { randomBytes } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigModule } from '../../../src/config/config.module.js';
import type { Environment } from '../../../src/config/environment.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { BearerTokens } from '../../../src/tokens/bearer-tokens.js';
import { KeyRing } from '../../../src/tokens/key-ring.js';
import { RefreshTokens } from '../../../src/tokens/refresh-tokens.js';
import { TokensModule } from '../../../src/tokens/tokens.module.js';
import { SUBJECT } from '../../support/bearer-tokens.fixture.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const appKey = randomBytes(32).toString('base64');
const subject = { ...SUBJECT, sessionEndsAt: new Date(Date.now() + 86_400_000) };
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

async function start(environment: Environment): Promise<TestingModule> {
  const env = { APP_KEY: appKey, DATABASE_URL: database.url, ...environment };
  const module = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(env), DatabaseModule, TokensModule],
  }).compile();
  return module.init();
}

describe('the tokens module', () => {
  it('keeps a key of its own, the same after a restart', async () => {
    const first = await start({});
    const { token } = first.get(BearerTokens).issue(subject);
    const refreshToken = first.get(RefreshTokens).issue(subject.sessionId, 1);
    await first.close();
    const second = await start({});
    expect(second.get(BearerTokens).verify(token).sid).toBe(subject.sessionId);
    expect(second.get(RefreshTokens).read(refreshToken)).toEqual({
      sessionId: subject.sessionId,
      generation: 1,
    });
    await second.close();
  });

  it('signs with BEARER_TOKEN_KEY and keeps to it when that is set', async () => {
    const secrets = [1, 2].map(() => randomBytes(32).toString('base64'));
    const module = await start({ BEARER_TOKEN_KEY: secrets.join('\n'), BEARER_TOKEN_ALGORITHM: 'HS256' });
    expect(module.get(KeyRing).current.algorithm).toBe('HS256');
    expect(module.get(KeyRing).jwks()).toEqual({ keys: [] });
    const { token } = module.get(BearerTokens).issue(subject);
    await module.close();
    const rotated = await start({ BEARER_TOKEN_KEY: [...secrets].reverse().join('\n') });
    expect(rotated.get(BearerTokens).verify(token).sub).toBe(subject.userId);
    await rotated.close();
  });

  it('does not start with an APP_KEY that opens none of its keys', async () => {
    await (await start({})).close();
    await expect(start({ APP_KEY: randomBytes(32).toString('base64') })).rejects.toThrow(
      /APP_KEY does not open/,
    );
  });
});
