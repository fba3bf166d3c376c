import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { MailRecipients } from '../users/mail-recipients.service.js';
import type { Envelope } from './envelope.js';
import { LetterHooks } from './letter-hooks.js';
import { Letters } from './letters.js';
import { lookUpLocale } from './locale.js';
import type { OutboxMail } from './outbox-mail.entity.js';
import { Outbox } from './outbox.js';
import { TemplateFiles } from './template-files.js';

export interface LetterDraft {
  readonly envelope: Envelope;
  /** The language that is wanted. */
  readonly locale: string;
}

/** What becomes of a queued letter, once somebody has time for it. */
@Injectable()
export class LetterDrafts {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly letters: Letters,
    private readonly recipients: MailRecipients,
    private readonly hooks: LetterHooks,
    private readonly files: TemplateFiles,
  ) {}

  /** Null when there is nothing to send, or nobody who gets it. */
  write({ letter, data, locale }: OutboxMail): Promise<LetterDraft | null> {
    return this.database.transaction(async (manager) => {
      const envelope = await this.outbox.write(letter, data, manager);
      if (!envelope) return null;
      const { kind } = this.letters.find(envelope.letter);
      if (kind === 'other' && (await this.recipients.isBlocked(envelope.to, manager))) return null;
      const { languages } = this.files;
      const wanted = lookUpLocale(await this.hooks.locale(envelope, manager), languages) ?? locale;
      return { envelope, locale: wanted ?? (languages[0] as string) };
    });
  }
}
