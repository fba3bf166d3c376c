import { Module } from '@nestjs/common';
import { LinksModule } from '../links/links.module.js';
import { MailModule } from '../mail/mail.module.js';
import { NoticesModule } from '../notices/notices.module.js';
import { EmailChange } from './email-change.service.js';
import { EmailLinksController } from './email-links.controller.js';
import { EmailUndo } from './email-undo.service.js';
import { EmailVerification } from './email-verification.service.js';
import { OwnEmailController } from './own-email.controller.js';

/** Proving an address, changing it, and taking it back. */
@Module({
  imports: [LinksModule, MailModule, NoticesModule],
  controllers: [EmailLinksController, OwnEmailController],
  providers: [EmailVerification, EmailChange, EmailUndo],
})
export class EmailAddressesModule {}
