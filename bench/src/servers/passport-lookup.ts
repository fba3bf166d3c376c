import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { Controller, Get, Injectable, Module, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
import { serve } from './calls.js';
import { GREETING } from './greeting.js';

/** The recipe of Nest's documentation: the secret is a string, and `validate` looks the user up. */
const secret = randomBytes(48).toString('base64');

@Entity('peer_users')
class User {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column()
  email: string;
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly users: Repository<User>) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ignoreExpiration: false,
      secretOrKey: secret,
    });
  }

  async validate({ sub }: { sub: string }): Promise<User> {
    const user = await this.users.findOneBy({ id: sub });
    if (!user) throw new UnauthorizedException();
    return user;
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

const database = new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  entities: [User],
  synchronize: true,
  // PostgreSQL's own `gen_random_uuid()`, without any extension.
  uuidExtension: 'pgcrypto',
  installExtensions: false,
  poolSize: 20,
});
await database.initialize();
const users = database.getRepository(User);

@Module({
  imports: [PassportModule, JwtModule.register({ secret, signOptions: { expiresIn: '1h' } })],
  controllers: [GuardedController],
  providers: [JwtStrategy, { provide: Repository, useValue: users }],
})
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: false,
});
await app.listen(0, '127.0.0.1');

/** New people with a token each. */
async function issue(count: number): Promise<string[]> {
  const people = await users.save(
    Array.from({ length: count }, (_, n) => ({ email: `person${n}@example.com` })),
  );
  return people.map(({ id, email }) => app.get(JwtService).sign({ sub: id, email }));
}

serve(await app.getUrl(), { issue });
