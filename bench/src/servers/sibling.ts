import 'reflect-metadata';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuthClientModule, JwtAuthGuard } from '../../../dist/client/index.js';
import { serve } from './calls.js';
import { GREETING } from './greeting.js';

/** A service elsewhere, as `examples/sibling-service` is one. */
@Controller()
@UseGuards(JwtAuthGuard)
class GuardedController {
  @Get('guarded')
  guarded(): object {
    return GREETING;
  }
}

const {
  ISSUER: issuer = '',
  SERVICE_URL: url,
  CLIENT_ID: clientId = '',
  CLIENT_SECRET: clientSecret = '',
} = process.env;

@Module({
  imports: [AuthClientModule.forRoot({ issuer, url, clientId, clientSecret })],
  controllers: [GuardedController],
})
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: false,
});
await app.listen(0, '127.0.0.1');
serve(await app.getUrl());
