import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createApiDocument } from './app.openapi.js';
import { AppModule } from './app.module.js';
import { setRoutePrefix } from './app.setup.js';

/** `npm run openapi`: writes `openapi.json` from the routes alone, without a database. */
async function write(): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot({}), new FastifyAdapter(), {
    preview: true,
    logger: false,
  });
  setRoutePrefix(app);
  await writeFile('openapi.json', `${JSON.stringify(createApiDocument(app), null, 2)}\n`);
  process.stdout.write('openapi.json is written.\n');
}

await write();
