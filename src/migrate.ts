import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppLogger } from './app.logger.js';
import { AppModule } from './app.module.js';
import { reasonForNotStarting } from './app.messages.js';
import { processEnvironment } from './config/environment.js';
import { loadConfig } from './config/load-config.js';

/** `npm run migrate`: brings the schema up to date and leaves. Boot does the same; this is for those who deploy in steps. */
async function migrate(): Promise<void> {
  const environment = processEnvironment();
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(environment), {
    abortOnError: false,
    logger: new AppLogger(loadConfig(environment)),
  });
  await app.close();
  process.stdout.write('The database is up to date.\n');
}

migrate().catch((error: unknown) => {
  process.stderr.write(`${reasonForNotStarting(error)}\n`);
  process.exit(1);
});
