import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpAdapter } from '../../src/app.http.js';
import { AppModule } from '../../src/app.module.js';
import { configureApp } from '../../src/app.setup.js';
import { Clock } from '../../src/common/clock.js';
import type { Environment } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/load-config.js';
import { Database } from '../../src/database/database.js';
import { Mailbox } from './mailbox.js';
import { recordExchange } from './openapi-recorder.js';
import { createTestDatabase } from './test-database.js';
import { TestClock } from './test-clock.js';

export interface TestApp {
  app: NestFastifyApplication;
  url: string;
  clock: TestClock;
  database: Database;
  mailbox: Mailbox;
  environment: Environment;
  close(): Promise<void>;
}

/** One key for all applications of a run, as the replicas of one service share it. */
const APP_KEY = randomBytes(32).toString('base64');

/**
 * The real service on a free port, with a database of its own. `overrides` are environment variables; with
 * `beside` it is a further replica on another application's database.
 */
export async function startApp(overrides: Environment = {}, beside?: TestApp): Promise<TestApp> {
  const { environment, remove } = await testEnvironment(overrides, beside?.environment.DATABASE_URL);
  const clock = new TestClock();
  const module = await Test.createTestingModule({ imports: [AppModule.forRoot(environment)] })
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  const adapter = createHttpAdapter(loadConfig(environment));
  const app = module.createNestApplication<NestFastifyApplication>(adapter, {
    bodyParser: false,
    logger: false,
  });
  configureApp(app);
  recordExchange(app);
  await app.listen(0, '127.0.0.1');
  return {
    app,
    url: await app.getUrl(),
    clock,
    database: app.get(Database),
    mailbox: new Mailbox(join(String(environment.DATA_DIR), 'outbox')),
    environment,
    close: async () => {
      await app.close();
      await remove();
    },
  };
}

/** An environment with a data folder of its own, and a database of its own unless `databaseUrl` is there. */
export async function testEnvironment(
  overrides: Environment = {},
  databaseUrl: string | undefined = overrides.DATABASE_URL,
): Promise<{ environment: Environment; remove(): Promise<void> }> {
  const created = databaseUrl === undefined ? await createTestDatabase() : null;
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenhouse-test-'));
  const environment: Environment = {
    APP_KEY,
    DATABASE_URL: created?.url ?? databaseUrl,
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
