import 'reflect-metadata';
import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { serve } from './calls.js';
import { GREETING } from './greeting.js';

/** The recipe at its best: a key that is parsed once, and nobody is looked up. Such tokens cannot be taken back. */
const secret: KeyObject = createSecretKey(randomBytes(48));

interface Payload {
  sub: string;
  email: string;
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      algorithms: ['HS256'],
      // The types of passport-jwt know no KeyObject; jsonwebtoken below it takes one.
      secretOrKey: secret as unknown as Buffer,
    });
  }

  validate({ sub, email }: Payload): object {
    return { id: sub, email };
  }
}

@Controller()
class GuardedController {
  @UseGuards(AuthGuard('jwt'))
  @Get('guarded')
  guarded(): object {
    return GREETING;
  }
}

@Module({
  imports: [PassportModule, JwtModule.register({})],
  controllers: [GuardedController],
  providers: [JwtStrategy],
})
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: false,
});
await app.listen(0, '127.0.0.1');

/** Tokens of people who need not exist. */
function issue(count: number): string[] {
  const jwt = app.get(JwtService);
  return Array.from({ length: count }, (_, n) =>
    jwt.sign(
      { sub: randomUUID(), email: `person${n}@example.com` },
      { secret: secret as never, expiresIn: '1h' },
    ),
  );
}

serve(await app.getUrl(), { issue });
