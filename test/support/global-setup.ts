import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { RedisStandIn } from './redis-stand-in.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A server on which the tests may create databases, see `createTestDatabase`. */
    adminDatabaseUrl: string;
    /** A Redis for its pub/sub and counters. */
    redisUrl: string;
  }
}

/** The servers of the whole run: those of `DATABASE_URL` and `REDIS_URL`, else an embedded one and a stand-in. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stops = [await providePostgres(project), await provideRedis(project)];
  return async () => {
    for (const stop of stops) await stop();
  };
}

type Stop = () => Promise<void>;

async function providePostgres(project: TestProject): Promise<Stop> {
  const configured = process.env.DATABASE_URL;
  if (configured) {
    project.provide('adminDatabaseUrl', configured);
    return async () => {};
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenhouse-test-'));
  const options = { durable: false, maxConnections: 100 * project.config.maxWorkers };
  const postgres = await startEmbeddedPostgres({ dataDir, log: console.warn, ...options });
  project.provide('adminDatabaseUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

async function provideRedis(project: TestProject): Promise<Stop> {
  const standIn = new RedisStandIn();
  const configured = process.env.REDIS_URL;
  project.provide('redisUrl', configured ?? (await standIn.start()));
  return configured ? async () => {} : () => standIn.stop();
}
