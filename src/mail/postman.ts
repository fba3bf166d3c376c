import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { LetterTemplates } from './letter-templates.js';
import { Mailer } from './mailer.js';
import type { OutboxMail } from './outbox-mail.entity.js';
import { Outbox } from './outbox.js';

/** Bounds an attempt even against a server that trickles its answers; shorter than the lease. */
const SEND_TIMEOUT_MS = 60_000;

/** Writes a queued letter and sends it. */
@Injectable()
export class Postman {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly templates: LetterTemplates,
    private readonly mailer: Mailer,
  ) {}

  /**
   * The link in the letter is committed before the letter leaves, and no database connection waits for the mail
   * server. A further attempt writes the letter anew, with a new link.
   */
  async deliver({ letter, data }: OutboxMail): Promise<void> {
    const envelope = await this.database.transaction((manager) => this.outbox.write(letter, data, manager));
    if (!envelope) return;
    const { letter: written, to } = envelope;
    const message = { letter: written, to, ...this.templates.render(envelope) };
    await this.mailer.send(message, AbortSignal.timeout(SEND_TIMEOUT_MS));
  }

  close(): void {
    this.mailer.close();
  }
}
