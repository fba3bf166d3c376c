import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../src/config/environment.js';
import { createTestDatabase } from './test-database.js';

/** One key for all applications of a run, as the replicas of one service share it. */
const APP_KEY = randomBytes(32).toString('base64');

/** An environment with a data folder of its own, and a database of its own unless `DATABASE_URL` is given. */
export async function testEnvironment(
  overrides: Environment = {},
): Promise<{ environment: Environment; remove(): Promise<void> }> {
  const created = overrides.DATABASE_URL === undefined ? await createTestDatabase() : null;
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenhouse-test-'));
  const environment: Environment = {
    APP_KEY,
    DATABASE_URL: created?.url,
    DATA_DIR: dataDir,
    PUBLIC_URL: 'http://localhost:3000',
    RATE_LIMIT: 'off',
    ...overrides,
  };
  const remove = async (): Promise<void> => {
    await created?.drop();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { environment, remove };
}
