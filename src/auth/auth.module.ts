import { type DynamicModule, Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { Clock } from '../common/clock.js';
import { DomainErrorFilter } from '../common/domain-error.filter.js';
import { AppConfig } from '../config/app-config.js';
import { ConfigModule } from '../config/config.module.js';
import type { Environment } from '../config/environment.js';
import { assertUnambiguous } from '../guard/credential.js';
import { JwtAuthGuard } from '../guard/jwt-auth.guard.js';
import { RequestAuthenticator } from '../guard/request-authenticator.js';
import { installRequestContext } from '../guard/request-context.hooks.js';
import { Circumstances, StandingRequirements } from '../guard/requirements.js';
import { LimitsModule } from '../limits/limits.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { Authenticator } from './authenticator.js';
import { GuessWatch } from './guess-watch.js';
import { JwtStrategy } from './jwt.strategy.js';
import { RecentBundles } from './recent-bundles.js';
import { RefreshService } from './refresh.service.js';
import { SameOrigin } from './same-origin.js';
import { SignInRefusals } from './sign-in-refusals.js';
import { SignInService } from './sign-in.service.js';
import { SignInTries } from './sign-in-tries.js';
import { SignOutService } from './sign-out.service.js';
import { TokenBundles } from './token-bundle.js';
import { TokenController } from './token.controller.js';
import { TokenCookies } from './token-cookies.js';
import { TokenReader } from './token-reader.js';
import { TokenTransport } from './token-transport.js';

/**
 * Signing in, and the guard. Global, so that `@UseGuards(JwtAuthGuard)` and `AuthService` work in every module of
 * a host application that imports `AuthModule.forRoot()` once.
 */
@Global()
@Module({
  imports: [LimitsModule, PassportModule, PasswordsModule, SessionsModule, TokensModule, UsersModule],
  controllers: [AuthController, TokenController],
  providers: [
    AuthService,
    Authenticator,
    { provide: RequestAuthenticator, useExisting: Authenticator },
    { provide: Circumstances, inject: [Clock, AppConfig], useFactory: makeCircumstances },
    GuessWatch,
    JwtAuthGuard,
    StandingRequirements,
    JwtStrategy,
    RecentBundles,
    RefreshService,
    SameOrigin,
    SignInRefusals,
    SignInService,
    SignInTries,
    SignOutService,
    TokenBundles,
    TokenCookies,
    TokenReader,
    TokenTransport,
    { provide: APP_FILTER, useClass: DomainErrorFilter },
  ],
  exports: [
    AuthService,
    Authenticator,
    GuessWatch,
    RequestAuthenticator,
    Circumstances,
    JwtAuthGuard,
    StandingRequirements,
    PasswordsModule,
    SessionsModule,
    SignInRefusals,
    SignInService,
    SignInTries,
    SignOutService,
    TokenBundles,
    TokenCookies,
    TokenReader,
    TokenTransport,
    UsersModule,
  ],
})
export class AuthModule implements NestModule {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly sameOrigin: SameOrigin,
    private readonly cookies: TokenCookies,
  ) {}

  /** @param environment stands in for the process environment, with the same names (see `.env.example`) */
  static forRoot(environment?: Environment): DynamicModule {
    return {
      module: AuthRootModule,
      imports: [ConfigModule.forRoot(environment), AuthModule],
      exports: [AuthModule],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    installRequestContext(this.adapterHost.httpAdapter, consumer, (request) => {
      assertUnambiguous(request, this.cookies.names);
      this.sameOrigin.check(request);
    });
  }
}

/** Carries the configuration, so that `AuthModule` itself stays one module however it is imported. */
@Module({})
class AuthRootModule {}

function makeCircumstances(clock: Clock, { sessions }: AppConfig): Circumstances {
  return new Circumstances(clock, sessions.confirmPasswordTtlMinutes);
}
