import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { readConfiguration } from './configuration.js';

const { port, auth } = readConfiguration(process.env);
const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(auth), new FastifyAdapter(), {
  logger: ['warn', 'error'],
});
app.enableShutdownHooks();
await app.listen(port, '0.0.0.0');
console.log(`Listening on http://localhost:${port}`);
