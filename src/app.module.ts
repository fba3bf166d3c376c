import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AccountModule } from './account/account.module.js';
import { ActivityModule } from './activity/activity.module.js';
import { AppFilter } from './app.filter.js';
import { AuthModule } from './auth/auth.module.js';
import { JwtAuthGuard } from './guard/jwt-auth.guard.js';
import type { Environment } from './config/environment.js';
import { EmailAddressesModule } from './email-addresses/email-addresses.module.js';
import { HealthModule } from './health/health.module.js';
import { OauthModule } from './oauth/oauth.module.js';
import { PasskeysModule } from './passkeys/passkeys.module.js';
import { PasswordResetModule } from './password-reset/password-reset.module.js';
import { RegistrationModule } from './registration/registration.module.js';
import { RevocationsModule } from './revocations/revocations.module.js';
import { SecondFactorsModule } from './second-factors/second-factors.module.js';
import { TwoFactorModule } from './two-factor/two-factor.module.js';

/** The service: its features, and the guard that closes every route which does not open itself. */
@Module({
  imports: [
    RegistrationModule,
    EmailAddressesModule,
    PasswordResetModule,
    AccountModule,
    ActivityModule,
    OauthModule,
    RevocationsModule,
    // Named, though features import it: whichever are left, who has turned a second factor on is asked for one.
    SecondFactorsModule,
    TwoFactorModule,
    PasskeysModule,
    HealthModule,
  ],
  providers: [
    { provide: APP_GUARD, useExisting: JwtAuthGuard },
    { provide: APP_FILTER, useClass: AppFilter },
  ],
})
export class AppModule {
  /** @param environment stands in for the process environment, with the same names */
  static forRoot(environment?: Environment): DynamicModule {
    return { module: AppModule, imports: [AuthModule.forRoot(environment)] };
  }
}
