import {
  type DynamicModule,
  Global,
  type InjectionToken,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OptionalFactoryDependency,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { Clock } from '../common/clock.js';
import { assertUnambiguous } from '../guard/credential.js';
import { JwtAuthGuard } from '../guard/jwt-auth.guard.js';
import { RequestAuthenticator } from '../guard/request-authenticator.js';
import { installRequestContext } from '../guard/request-context.hooks.js';
import { Circumstances, StandingRequirements } from '../guard/requirements.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { AuthClient } from './auth-client.js';
import { type AuthClientOptions, AuthClientSettings, checkOptions } from './auth-client.options.js';
import { ClientAuthenticator } from './client-authenticator.js';
import { ClientErrorFilter } from './client-error.filter.js';
import { RemoteKeys } from './remote-keys.js';
import { RevocationFeed } from './revocation-feed.js';
import { ServiceConnection } from './service-connection.js';
import { TokenDirectory } from './token-directory.js';

/** Options that something else must be asked for, e.g. a configuration service. */
export interface AuthClientAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of the types that `inject` names
  useFactory: (...dependencies: any[]) => AuthClientOptions | Promise<AuthClientOptions>;
}

/**
 * The guard of Tokenhouse for a service that runs elsewhere. Global: imported once, in the root module, it makes
 * `@UseGuards(JwtAuthGuard)` and `AuthClient` work in every module. Needs neither a database nor the service at its start.
 */
@Global()
@Module({
  // Without keys: every call brings its own KeyObject.
  imports: [JwtModule.register({})],
  providers: [
    AuthClient,
    { provide: RequestAuthenticator, useClass: ClientAuthenticator },
    { provide: Circumstances, inject: [Clock, AuthClientSettings], useFactory: makeCircumstances },
    {
      provide: TokenVerifier,
      inject: [JwtService, RemoteKeys, Clock, AuthClientSettings],
      useFactory: makeVerifier,
    },
    Clock,
    JwtAuthGuard,
    StandingRequirements,
    RemoteKeys,
    RevocationFeed,
    ServiceConnection,
    TokenDirectory,
    { provide: APP_FILTER, useClass: ClientErrorFilter },
  ],
  exports: [AuthClient, Circumstances, JwtAuthGuard, RequestAuthenticator, StandingRequirements],
})
export class AuthClientModule implements NestModule {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly settings: AuthClientSettings,
  ) {}

  static forRoot(options: AuthClientOptions): DynamicModule {
    return AuthClientModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: AuthClientAsyncOptions): DynamicModule {
    const settings: Provider = {
      provide: AuthClientSettings,
      inject,
      useFactory: async (...dependencies: unknown[]) => checkOptions(await useFactory(...dependencies)),
    };
    return { module: AuthClientModule, imports, providers: [settings] };
  }

  configure(consumer: MiddlewareConsumer): void {
    installRequestContext(this.adapterHost.httpAdapter, consumer, (request) => {
      assertUnambiguous(request, this.settings.cookieNames);
    });
  }
}

function makeCircumstances(clock: Clock, { confirmPasswordTtlMinutes }: AuthClientSettings): Circumstances {
  return new Circumstances(clock, confirmPasswordTtlMinutes);
}

function makeVerifier(
  jwt: JwtService,
  keys: RemoteKeys,
  clock: Clock,
  { issuer, audience, leewaySeconds, maxTokenTtlMinutes }: AuthClientSettings,
): TokenVerifier {
  const rules = { issuer, audience, leewaySeconds, ttlSeconds: maxTokenTtlMinutes * 60 };
  return new TokenVerifier(jwt, keys, clock, rules);
}
