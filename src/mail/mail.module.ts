import { Module } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { FolderMailer } from './folder-mailer.js';
import { LetterTemplates } from './letter-templates.js';
import { Mailer } from './mailer.js';
import { CreateMailOutbox1764000007000 } from './migrations/1764000007000-create-mail-outbox.js';
import { OutboxMail } from './outbox-mail.entity.js';
import { OutboxMails } from './outbox-mails.js';
import { LETTERS_AT_ONCE, OutboxWorker } from './outbox-worker.js';
import { Outbox } from './outbox.js';
import { Postman } from './postman.js';
import { SmtpMailer } from './smtp-mailer.js';

@Module({
  imports: [DatabaseModule.forFeature([OutboxMail], [CreateMailOutbox1764000007000])],
  providers: [
    Outbox,
    OutboxMails,
    OutboxWorker,
    Postman,
    LetterTemplates,
    { provide: Mailer, inject: [AppConfig, Clock], useFactory: createMailer },
  ],
  exports: [Outbox],
})
export class MailModule {}

function createMailer(config: AppConfig, clock: Clock): Mailer {
  const { smtpUrl } = config.mail;
  return smtpUrl === undefined
    ? new FolderMailer(config, clock)
    : new SmtpMailer(smtpUrl, config, LETTERS_AT_ONCE);
}
