import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppLogger } from './app.logger.js';
// Each feature registers its migrations when it is loaded.
import './app.module.js';
import { reasonForNotStarting } from './app.messages.js';
import { ConfigModule } from './config/config.module.js';
import { processEnvironment } from './config/environment.js';
import { loadConfig } from './config/load-config.js';
import { DatabaseModule } from './database/database.module.js';

class MigrateModule {}

/**
 * `npm run migrate`: brings the schema up to date and leaves. Boot does the same; this is for those who deploy in
 * steps. Only the database is started: a signing key made here would be sealed under the `APP_KEY` of whoever
 * migrates, and the service, with its own, could not open it.
 */
async function migrate(): Promise<void> {
  const environment = processEnvironment();
  const imports = [ConfigModule.forRoot(environment), DatabaseModule];
  const app = await NestFactory.createApplicationContext(
    { module: MigrateModule, imports },
    { abortOnError: false, logger: new AppLogger(loadConfig(environment)) },
  );
  await app.close();
  process.stdout.write('The database is up to date.\n');
}

await migrate().catch((error: unknown) => {
  process.stderr.write(`${reasonForNotStarting(error)}\n`);
  process.exit(1);
});
