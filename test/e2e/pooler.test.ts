import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { PostgresDoorbell } from '../../src/news/postgres-doorbell.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let target: TestApp;
let other: TestDatabase;

beforeAll(async () => {
  target = await startApp();
  other = await createTestDatabase();
});
afterAll(async () => {
  await other.drop();
  await target.close();
});

/** A doorbell that listens in `url`, and the times it rang. */
async function listenIn(url: string): Promise<{ rings: number[]; stop(): Promise<void> }> {
  const connection = new pg.Client(url);
  await connection.connect();
  const doorbell = new PostgresDoorbell(target.database);
  const rings: number[] = [];
  await doorbell.listen(connection, () => rings.push(performance.now()));
  return {
    rings,
    stop: async () => {
      doorbell.close();
      await connection.end();
    },
  };
}

it('notices a LISTEN that hears nothing, as behind a pooler in transaction mode', async () => {
  const logs = LogRecorder.of(target);
  const heard = await listenIn(target.database.url);
  await eventually(() => expect(heard.rings.length).toBeGreaterThan(0));
  // Notifications stay within a database, so this one hears none of the service's.
  const deaf = await listenIn(other.url);
  await vi.waitFor(() => expect(logs.text).toContain('No notification of PostgreSQL comes through'), 5_000);
  expect(logs.lines.filter((line) => line.includes('No notification'))).toHaveLength(1);
  expect(deaf.rings).toEqual([]);
  await Promise.all([heard.stop(), deaf.stop()]);
});
