import { afterAll, beforeAll, expect, it } from 'vitest';
import { POOL_SIZE } from '../../src/database/database.options.js';
import { startApp, type TestApp } from '../support/app.js';
import { Client } from '../support/client.js';

let target: TestApp;
let client: Client;

beforeAll(async () => {
  target = await startApp();
  client = new Client(target);
});
afterAll(() => target.close());

/** Refreshes, and has the new token checked by the database. */
async function refresh(refreshToken: string): Promise<string> {
  const { status, body } = await client.post('/api/auth/refresh', { refreshToken });
  expect(status).toBe(200);
  target.forget();
  expect((await client.get('/api/user', { token: body.token })).status).toBe(200);
  return body.refreshToken;
}

/** On each connection of the pool. */
async function everywhere(sql: string): Promise<{ statement: string }[]> {
  const runners = Array.from({ length: POOL_SIZE }, () => target.database.createQueryRunner());
  await Promise.all(runners.map((runner) => runner.connect()));
  const rows = await Promise.all(runners.map((runner) => runner.query(sql)));
  await Promise.all(runners.map((runner) => runner.release()));
  return rows.flat();
}

async function prepared(): Promise<string[]> {
  const rows = await everywhere("SELECT statement FROM pg_prepared_statements WHERE name <> ''");
  return rows.map(({ statement }) => statement);
}

it('statements that every request asks are prepared, and plain where they get lost, as behind a pooler', async () => {
  let { refreshToken } = await client.register();
  refreshToken = await refresh(refreshToken);
  for (const part of ['FROM sessions s JOIN users', 'UPDATE sessions s SET generation']) {
    expect(await prepared()).toContainEqual(expect.stringContaining(part));
  }
  // A pooler gives each statement another connection, where nobody has prepared it.
  const people = await Promise.all(Array.from({ length: 10 }, () => client.register()));
  await everywhere('DEALLOCATE ALL');
  await Promise.all(people.map((person) => refresh(person.refreshToken)));
  for (let turn = 0; turn < 3; turn += 1) refreshToken = await refresh(refreshToken);
});
