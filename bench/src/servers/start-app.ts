import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppLogger, configureApp, createHttpAdapter, loadConfig } from '../tokenhouse.js';

/** Starts an application around the service as `main.ts` starts the service, on a free port. */
export async function startApp(module: Type | DynamicModule): Promise<NestFastifyApplication> {
  const config = loadConfig(process.env);
  const app = await NestFactory.create<NestFastifyApplication>(module, createHttpAdapter(config), {
    bodyParser: false,
    logger: new AppLogger(config),
  });
  configureApp(app);
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(0, '127.0.0.1');
  return app;
}
