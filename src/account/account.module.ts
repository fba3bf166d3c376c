import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { NoticesModule } from '../notices/notices.module.js';
import { AccountController } from './account.controller.js';
import { AccountNotices } from './account-notices.service.js';
import { AccountService } from './account.service.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SessionsController } from './sessions.controller.js';
import { SignInNotices } from './sign-in-notices.service.js';
import { StepUp } from './step-up.service.js';

@Module({
  imports: [MailModule, NoticesModule, SecondFactorsModule],
  controllers: [AccountController, SessionsController],
  providers: [AccountService, AccountNotices, SignInNotices, StepUp],
  exports: [AccountService],
})
export class AccountModule {}
