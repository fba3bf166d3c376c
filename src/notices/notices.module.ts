import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { Notices } from './notices.service.js';

/** Telling people what happened to their account. */
@Module({
  imports: [MailModule, UsersModule],
  providers: [Notices],
  exports: [Notices],
})
export class NoticesModule {}
