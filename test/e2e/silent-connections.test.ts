import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/database/database.js';
import { databaseOptions } from '../../src/database/database.options.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const TIMEOUT_MS = 400;

describe('a connection to the database that falls silent', () => {
  let server: TestDatabase;
  let network: TcpProxy;
  let database: Database;

  beforeAll(async () => {
    server = await createTestDatabase();
    network = await new TcpProxy(server.url).open();
    const { extra, ...options } = databaseOptions(network.url) as { extra: pg.PoolConfig };
    database = new Database({ ...options, extra: { ...extra, query_timeout: TIMEOUT_MS } } as never);
    await database.initialize();
  });
  afterAll(async () => {
    await database.destroy();
    await network.cut();
    await server.drop();
  });

  const pool = (): pg.Pool => (database.driver as unknown as { master: pg.Pool }).master;

  it('RES-01: is waited for once, not again for the end of its transaction, and goes', async () => {
    await database.query('SELECT 1');
    expect(pool().totalCount).toBe(1);
    network.freeze();
    const begin = performance.now();
    await expect(database.transaction((manager) => manager.query('SELECT 1'))).rejects.toThrow('Query read');
    const ms = performance.now() - begin;
    expect(pool().totalCount, 'nobody else gets it').toBe(0);
    network.thaw();
    expect(ms).toBeLessThan(2 * TIMEOUT_MS);
    expect(await database.transaction((manager) => manager.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });
});
