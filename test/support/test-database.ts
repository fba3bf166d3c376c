import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  readonly url: string;
  /** Removes it, together with connections that are still open. */
  drop(): Promise<void>;
}

/** A new, empty database on the server of this run. Each test file has one of its own. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `tokenhouse_test_${randomBytes(8).toString('hex')}`;
  // template0, because nobody may be connected to the template.
  await execute(`CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(inject('adminDatabaseUrl'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function execute(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('adminDatabaseUrl') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
