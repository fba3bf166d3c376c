import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { serve } from './calls.js';
import { GREETING } from './greeting.js';

@Controller()
class OpenController {
  @Get('open')
  open(): object {
    return GREETING;
  }
}

@Module({ controllers: [OpenController] })
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: false,
});
await app.listen(0, '127.0.0.1');
serve(await app.getUrl());
