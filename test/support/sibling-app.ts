import 'reflect-metadata';
import { setImmediate } from 'node:timers/promises';
import { Controller, Get, type InjectionToken, Post, UseGuards } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  AuthClient,
  AuthClientModule,
  type AuthClientOptions,
  type BearerPrincipal,
  CurrentPrincipal,
  currentPrincipal,
  CurrentUser,
  GuestsOnly,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  Requires,
  steppedUp,
} from '../../src/client/index.js';
import { Clock } from '../../src/common/clock.js';
import { Client } from './client.js';
import { LogRecorder } from './log-recorder.js';
import { TestClock } from './test-clock.js';

@Controller('notes')
@UseGuards(JwtAuthGuard)
class NotesController {
  @Get()
  list(@CurrentUser() user: { id: string }): { owner: string } {
    return { owner: user.id };
  }

  @Post()
  add(@CurrentUser() user: { id: string }): { owner: string } {
    return { owner: user.id };
  }

  @Get('principal')
  principal(@CurrentPrincipal() principal: BearerPrincipal): BearerPrincipal {
    return principal;
  }

  @Get('deep')
  async deep(): Promise<{ owner: string | null }> {
    await setImmediate();
    return { owner: currentPrincipal()?.user.id ?? null };
  }

  @OptionalAuth()
  @Get('greeting')
  greet(@CurrentUser() user: { id: string } | null): { owner: string | null } {
    return { owner: user?.id ?? null };
  }

  @Public()
  @Get('about')
  about(): { owner: string | null } {
    return { owner: currentPrincipal()?.user.id ?? null };
  }

  @GuestsOnly()
  @Get('welcome')
  welcome(): object {
    return {};
  }

  @Requires(steppedUp)
  @Post('wipe')
  wipe(): object {
    return {};
  }
}

export interface SiblingApp {
  app: NestFastifyApplication;
  url: string;
  client: Client;
  auth: AuthClient;
  clock: TestClock;
  log: LogRecorder;
  close(): Promise<void>;
}

/** A service of its own, on a free port, that knows the issuer by `AuthClientModule` alone. */
export async function startSibling(
  options: AuthClientOptions,
  replaced: [InjectionToken, object][] = [],
): Promise<SiblingApp> {
  const clock = new TestClock();
  const parts = { imports: [AuthClientModule.forRoot(options)], controllers: [NotesController] };
  const builder = Test.createTestingModule(parts).overrideProvider(Clock).useValue(clock);
  for (const [token, value] of replaced) builder.overrideProvider(token).useValue(value);
  const log = new LogRecorder();
  const app = (await builder.setLogger(log).compile()).createNestApplication<NestFastifyApplication>(
    new FastifyAdapter(),
    { logger: log },
  );
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    url,
    client: new Client({ url }),
    auth: app.get(AuthClient),
    clock,
    log,
    close: () => app.close(),
  };
}

/** What a guarded route says of a token: `ok`, or the status and the code of the refusal. */
export async function ask({ client }: SiblingApp, token: string): Promise<string> {
  const { status, body } = await client.get('/notes', { token });
  return status === 200 ? 'ok' : `${status} ${body.code}`;
}
