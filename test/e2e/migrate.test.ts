import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

describe('npm run migrate', () => {
  let database: TestDatabase;
  let dataDir: string;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'tokenhouse-test-'));
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await client.end();
    await database.drop();
    await rm(dataDir, { recursive: true });
  });

  it('makes the tables and nothing in them, so that it needs no APP_KEY of the service', async () => {
    vi.stubEnv('DATABASE_URL', database.url);
    vi.stubEnv('DATA_DIR', dataDir);
    await import('../../src/migrate.js');

    expect(await count('users')).toBe(0);
    expect(await count('sessions')).toBe(0);
    expect(await count('signing_keys')).toBe(0);
  });

  async function count(table: string): Promise<number> {
    const { rows } = await client.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`);
    return rows[0]?.count ?? -1;
  }
});
