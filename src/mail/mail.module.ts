import { Module } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { UsersModule } from '../users/users.module.js';
import { AskedMails } from './asked-mails.js';
import { LimitsModule } from '../limits/limits.module.js';
import { FolderMailer } from './folder-mailer.js';
import { LetterDrafts } from './letter-drafts.js';
import { LetterHooks } from './letter-hooks.js';
import { LetterTemplates } from './letter-templates.js';
import { Letters } from './letters.js';
import { Mailer } from './mailer.js';
import { CreateMailOutbox1764000007000 } from './migrations/1764000007000-create-mail-outbox.js';
import { AddMailLocale1764000018000 } from './migrations/1764000018000-add-mail-locale.js';
import { OutboxMail } from './outbox-mail.entity.js';
import { OutboxMails } from './outbox-mails.js';
import { LETTERS_AT_ONCE, OutboxWorker } from './outbox-worker.js';
import { Outbox } from './outbox.js';
import { Postman } from './postman.js';
import { RecipientBudget } from './recipient-budget.js';
import { SmtpMailer } from './smtp-mailer.js';
import { TemplateCheck } from './template-check.js';
import { TemplateFiles } from './template-files.js';

@Module({
  imports: [
    LimitsModule,
    DatabaseModule.forFeature([OutboxMail], [CreateMailOutbox1764000007000, AddMailLocale1764000018000]),
    UsersModule,
  ],
  providers: [
    AskedMails,
    Outbox,
    OutboxMails,
    OutboxWorker,
    Postman,
    RecipientBudget,
    LetterDrafts,
    LetterHooks,
    LetterTemplates,
    Letters,
    TemplateCheck,
    TemplateFiles,
    { provide: Mailer, inject: [AppConfig, Clock], useFactory: createMailer },
  ],
  exports: [AskedMails, Outbox],
})
export class MailModule {}

function createMailer(config: AppConfig, clock: Clock): Mailer {
  const { smtpUrl } = config.mail;
  return smtpUrl === undefined
    ? new FolderMailer(config, clock)
    : new SmtpMailer(smtpUrl, config, LETTERS_AT_ONCE);
}
