import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureApp, createHttpAdapter, loadConfig, processEnvironment } from 'tokenhouse';
import { AppModule } from './app.module.js';

const environment = processEnvironment();
const config = loadConfig(environment);
const app = await NestFactory.create<NestFastifyApplication>(
  AppModule.forRoot(environment),
  createHttpAdapter(config),
  { bodyParser: false, logger: ['warn', 'error'] },
);
// Tokenhouse's limits, headers, CORS, the /api prefix and /docs, for this application's routes too.
configureApp(app);
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(config.http.port, config.http.host);
console.log(`Listening on ${config.http.publicUrl}`);
