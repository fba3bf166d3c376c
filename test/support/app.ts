import { AppModule } from '../../src/app.module.js';
import type { Environment } from '../../src/config/environment.js';
import { type HostApp, startHost } from './host-app.js';
import { recordExchange } from './openapi-recorder.js';

export type TestApp = HostApp;

/**
 * The real service on a free port, with a database of its own. `overrides` are environment variables; with
 * `beside` it is a further replica on another application's database, whose letters go to the same mailbox.
 */
export function startApp(overrides: Environment = {}, beside?: TestApp): Promise<TestApp> {
  const shared = beside && sharedBy(beside.environment);
  const parts = (environment: Environment): object => ({ imports: [AppModule.forRoot(environment)] });
  return startHost(parts, { ...shared, ...overrides }, recordExchange);
}

function sharedBy({ DATABASE_URL, DATA_DIR }: Environment): Environment {
  return { DATABASE_URL, DATA_DIR };
}
