import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { AccountController } from './account.controller.js';
import { AccountNotices } from './account-notices.service.js';
import { AccountService } from './account.service.js';
import { SessionsController } from './sessions.controller.js';

@Module({
  imports: [MailModule],
  controllers: [AccountController, SessionsController],
  providers: [AccountService, AccountNotices],
  exports: [AccountService],
})
export class AccountModule {}
