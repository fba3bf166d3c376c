import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import type { Spent } from '../limits/limits.js';
import { LetterDrafts } from './letter-drafts.js';
import { LetterHooks } from './letter-hooks.js';
import { LetterTemplates } from './letter-templates.js';
import { harmless, variablesOf } from './letter-variables.js';
import { Mailer } from './mailer.js';
import type { OutboxMail } from './outbox-mail.entity.js';
import { type Counted, RecipientBudget } from './recipient-budget.js';

/** Bounds an attempt even against a server that trickles its answers; shorter than the lease. */
const SEND_TIMEOUT_MS = 60_000;

/** Writes a queued letter and sends it. */
@Injectable()
export class Postman {
  constructor(
    private readonly config: AppConfig,
    private readonly drafts: LetterDrafts,
    private readonly hooks: LetterHooks,
    private readonly templates: LetterTemplates,
    private readonly budget: RecipientBudget,
    private readonly mailer: Mailer,
  ) {}

  /**
   * The link in the letter is committed before the letter leaves, and no database connection waits for the mail
   * server. A further attempt writes the letter anew, with a new link.
   */
  async deliver(mail: OutboxMail): Promise<void> {
    const { counted } = mail.data as { counted?: Counted };
    // Before it is written: the link of a letter that is not sent would kill the one that was.
    const spent = counted ? await this.count(mail, counted) : [];
    if (!spent) return;
    const draft = await this.drafts.write(mail);
    if (!draft) return this.budget.refund(spent);
    const { envelope, locale } = draft;
    const { letter, to, person, uninvited } = envelope;
    if (uninvited && !counted && !(await this.count(mail, { recipient: to }))) return;
    const given = { letter, to, person, locale, variables: variablesOf(this.config, envelope) };
    const variables = harmless(this.config, await this.hooks.rendering(given));
    const message = { letter, to, ...this.templates.render(letter, locale, variables) };
    await this.mailer.send(message, AbortSignal.timeout(SEND_TIMEOUT_MS));
  }

  close(): void {
    this.mailer.close();
  }

  /** Once for all attempts. Null when there were enough. */
  private async count({ attempts }: OutboxMail, counted: Counted): Promise<Spent | null> {
    return attempts > 1 ? [] : this.budget.spend(counted);
  }
}
