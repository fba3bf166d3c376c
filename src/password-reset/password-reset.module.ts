import { Module } from '@nestjs/common';
import { LinksModule } from '../links/links.module.js';
import { MailModule } from '../mail/mail.module.js';
import { NoticesModule } from '../notices/notices.module.js';
import { PasswordResetController } from './password-reset.controller.js';
import { PasswordReset } from './password-reset.service.js';

@Module({
  imports: [LinksModule, MailModule, NoticesModule],
  controllers: [PasswordResetController],
  providers: [PasswordReset],
})
export class PasswordResetModule {}
