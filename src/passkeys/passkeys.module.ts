import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { CreatePasskeys1764000017000 } from './migrations/1764000017000-create-passkeys.js';
import { PasskeyAssertions } from './passkey-assertions.service.js';
import { PasskeyNonces } from './passkey-nonces.service.js';
import { PasskeyRequests } from './passkey-requests.service.js';
import { PasskeySignInController } from './passkey-sign-in.controller.js';
import { PasskeySignIn } from './passkey-sign-in.service.js';
import { Passkey } from './passkey.entity.js';
import { PasskeyFactor } from './passkey.factor.js';
import { PasskeysController } from './passkeys.controller.js';
import { PasskeysService } from './passkeys.service.js';
import { RelyingParty } from './relying-party.js';
import { NoticesModule } from '../notices/notices.module.js';
import { PasskeyNotices } from './passkey-notices.service.js';

/** Passkeys (WebAuthn): to sign in without a password, and as a second factor. */
@Module({
  imports: [
    DatabaseModule.forFeature([Passkey], [CreatePasskeys1764000017000]),
    LimitsModule,
    NoticesModule,
    SecondFactorsModule,
  ],
  controllers: [PasskeySignInController, PasskeysController],
  providers: [
    PasskeyNotices,
    PasskeyAssertions,
    PasskeyFactor,
    PasskeyNonces,
    PasskeyRequests,
    PasskeySignIn,
    PasskeysService,
    RelyingParty,
  ],
})
export class PasskeysModule {}
