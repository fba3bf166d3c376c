import { AppModule } from '../../src/app.module.js';
import type { Environment } from '../../src/config/environment.js';
import { type HostApp, startHost } from './host-app.js';
import { recordExchange } from './openapi-recorder.js';

export type TestApp = HostApp;

/**
 * The real service on a free port, with a database of its own. `overrides` are environment variables; with
 * `beside` it is a further replica on another application's database.
 */
export function startApp(overrides: Environment = {}, beside?: TestApp): Promise<TestApp> {
  const shared = beside && { DATABASE_URL: beside.environment.DATABASE_URL };
  const parts = (environment: Environment): object => ({ imports: [AppModule.forRoot(environment)] });
  return startHost(parts, { ...shared, ...overrides }, recordExchange);
}
