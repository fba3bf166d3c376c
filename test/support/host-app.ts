import 'reflect-metadata';
import { join } from 'node:path';
import type { ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpAdapter } from '../../src/app.http.js';
import { configureApp } from '../../src/app.setup.js';
import { Clock } from '../../src/common/clock.js';
import type { Environment } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/load-config.js';
import { Database } from '../../src/database/database.js';
import { NewsFollower } from '../../src/news/news-follower.js';
import { News } from '../../src/news/news.js';
import { testEnvironment } from './environment.js';
import { Mailbox } from './mailbox.js';
import { TestClock } from './test-clock.js';

export interface Route {
  method: string;
  /** As it was registered, e.g. `/api/user/sessions/:id`. */
  path: string;
}

export interface HostApp {
  app: NestFastifyApplication;
  url: string;
  clock: TestClock;
  database: Database;
  mailbox: Mailbox;
  environment: Environment;
  /** Every route that the HTTP router knows. */
  routes: Route[];
  /** Waits until what a test has changed by SQL is known here. */
  catchUp(): Promise<void>;
  /** Drops what is remembered of tokens, for tests that want the database to be asked. */
  forget(): void;
  close(): Promise<void>;
}

/**
 * An application of these parts on a free port, with a database of its own unless `overrides`, environment
 * variables, name one. `prepare` is called with it before it listens.
 */
export async function startHost(
  parts: (environment: Environment) => ModuleMetadata,
  overrides: Environment = {},
  prepare: (app: NestFastifyApplication) => void = () => {},
): Promise<HostApp> {
  const { environment, remove } = await testEnvironment(overrides);
  const clock = new TestClock();
  const module = await Test.createTestingModule(parts(environment))
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  const adapter = createHttpAdapter(loadConfig(environment));
  const routes: Route[] = [];
  adapter.getInstance().addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) routes.push({ method: name, path: url });
  });
  const app = module.createNestApplication<NestFastifyApplication>(adapter, {
    bodyParser: false,
    logger: false,
  });
  configureApp(app);
  prepare(app);
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    await remove();
    throw error;
  }
  return {
    app,
    url: await app.getUrl(),
    clock,
    database: app.get(Database),
    mailbox: new Mailbox(join(String(environment.DATA_DIR), 'outbox')),
    environment,
    routes,
    catchUp: () => app.get(NewsFollower).catchUp(),
    forget: () => app.get(News).lose(),
    close: async () => {
      await app.close();
      await remove();
    },
  };
}
