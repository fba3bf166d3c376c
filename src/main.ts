import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { drainConnections } from './app.drain.js';
import { createHttpAdapter } from './app.http.js';
import { standardError, standardOutput } from './app.log-lines.js';
import { AppLogger } from './app.logger.js';
import { AppModule } from './app.module.js';
import { configureApp } from './app.setup.js';
import { greeting, reasonForNotStarting } from './app.messages.js';
import { processEnvironment } from './config/environment.js';
import { loadConfig } from './config/load-config.js';

async function start(): Promise<void> {
  for (const log of [standardOutput, standardError]) log.surviveFailures();
  const environment = processEnvironment();
  const config = loadConfig(environment);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(environment),
    createHttpAdapter(config),
    { bodyParser: false, abortOnError: false, logger: new AppLogger(config) },
  );
  configureApp(app);
  drainConnections(app.getHttpAdapter().getInstance());
  for (const warning of config.warnings) Logger.warn(warning, 'Configuration');
  app.enableShutdownHooks([], { useProcessExit: true });
  try {
    await app.listen(config.http.port, config.http.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  if (config.production) Logger.log(`Listening on port ${config.http.port}`, 'Tokenhouse');
  else process.stdout.write(greeting(config));
}

start().catch((error: unknown) => {
  process.stderr.write(`${reasonForNotStarting(error)}\n`);
  process.exit(1);
});
