import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A server on which the tests may create databases, see `createTestDatabase`. */
    adminDatabaseUrl: string;
  }
}

/** The PostgreSQL of the whole run: that of `DATABASE_URL`, else an embedded one that ends with it. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  const configured = process.env.DATABASE_URL;
  if (configured) {
    project.provide('adminDatabaseUrl', configured);
    return;
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenhouse-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir, log: console.warn, durable: false });
  project.provide('adminDatabaseUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
