import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Cleanup } from './cleanup.js';
import { startEmbeddedPostgres } from './tokenhouse.js';

const USUAL_URL = 'postgres://postgres@127.0.0.1:5432/postgres';

/** The server that all databases of the run are on: that of `DATABASE_URL`, one on the usual port, or the embedded one. */
export async function findPostgres(cleanup: Cleanup, dataDir: string): Promise<string> {
  const configured = process.env.DATABASE_URL;
  if (configured) return configured;
  if (await answers(USUAL_URL)) return USUAL_URL;
  const embedded = await startEmbeddedPostgres({ dataDir, log: () => {} });
  cleanup.add(() => embedded.stop());
  return embedded.url;
}

/** A new, empty database on that server; `drop` removes it, with the connections that are still open. */
export async function createDatabase(
  adminUrl: string,
): Promise<{ url: string; drop: () => Promise<unknown> }> {
  const name = `tokenhouse_bench_${randomBytes(6).toString('hex')}`;
  // template0, because nobody may be connected to the template.
  await query(adminUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => query(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** Runs statements, one after the other, on a connection of their own. @returns the rows of the last one */
export async function query(url: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
    return rows;
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  return query(url, 'SELECT 1').then(
    () => true,
    () => false,
  );
}
