import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { CreateTotpSecrets1764000016000 } from './migrations/1764000016000-create-totp-secrets.js';
import { DateTotpSecrets1764000023100 } from './migrations/1764000023100-date-totp-secrets.js';
import { TotpCodes } from './totp-codes.js';
import { TotpSecret } from './totp-secret.entity.js';
import { TotpFactor } from './totp.factor.js';
import { TwoFactorController } from './two-factor.controller.js';
import { TwoFactor } from './two-factor.service.js';
import { NoticesModule } from '../notices/notices.module.js';
import { TwoFactorNotices } from './two-factor-notices.service.js';

@Module({
  imports: [
    DatabaseModule.forFeature([TotpSecret], [CreateTotpSecrets1764000016000, DateTotpSecrets1764000023100]),
    NoticesModule,
    SecondFactorsModule,
  ],
  controllers: [TwoFactorController],
  providers: [TwoFactorNotices, TotpCodes, TotpFactor, TwoFactor],
})
export class TwoFactorModule {}
