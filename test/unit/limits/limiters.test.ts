import { randomBytes } from 'node:crypto';
import type { RateLimiterMemory } from 'rate-limiter-flexible';
import { expect, it } from 'vitest';
import type { Database } from '../../../src/database/database.js';
import { Limiters } from '../../../src/limits/limiters.js';

it('BRF-12 what this process counts by itself is bounded, however many are tried', async () => {
  const local = new Limiters({} as Database).of('login').local as RateLimiterMemory;
  for (let tried = 0; tried < 200_000; tried += 1) {
    await local.consume(randomBytes(16).toString('hex')).catch(() => {});
  }
  const { storage } = local.dump();
  expect(storage.length).toBeGreaterThan(50_000);
  expect(storage.length).toBeLessThanOrEqual(65_536);
});
