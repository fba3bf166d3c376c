import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { backoffSeconds } from '../common/backoff.js';
import { TableWorker, type WorkSource } from '../common/table-worker.js';
import { describeFailure, isHopeless } from './mail-failure.js';
import type { OutboxMail } from './outbox-mail.entity.js';
import { OutboxMails } from './outbox-mails.js';
import { Outbox } from './outbox.js';
import { Postman } from './postman.js';

/** Letters on their way at once, in this process. */
export const LETTERS_AT_ONCE = 4;

/**
 * Sends what is due: at once when this process committed a letter, else within a second. Any number of workers
 * may share the table. A letter is sent at least once: a process that dies between the mail server's answer and
 * its own note of it leaves the letter to another, which sends it again.
 */
@Injectable()
export class OutboxWorker
  implements WorkSource<OutboxMail>, OnApplicationBootstrap, BeforeApplicationShutdown
{
  readonly atOnce = LETTERS_AT_ONCE;
  private readonly logger = new Logger(OutboxWorker.name);
  private readonly worker = new TableWorker(this);

  constructor(
    private readonly outbox: Outbox,
    private readonly mails: OutboxMails,
    private readonly postman: Postman,
  ) {}

  onApplicationBootstrap(): void {
    this.outbox.onCommit(this.worker.wake);
    this.worker.start();
  }

  /** Gives letters under way a moment, then breaks them off; others send them soon after. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.worker.stop(() => this.postman.close());
  }

  claim(limit: number): Promise<OutboxMail[]> {
    return this.mails.claim(limit);
  }

  async perform(mail: OutboxMail): Promise<void> {
    try {
      await this.postman.deliver(mail);
      await this.mails.finish(mail);
    } catch (error) {
      await this.putBack(mail, error);
    }
  }

  onBlind(error: unknown): void {
    this.logger.warn(`The outbox cannot be read: ${describeFailure(error)}`);
  }

  private async putBack(mail: OutboxMail, reason: unknown): Promise<void> {
    const name = `Mail "${mail.letter}" (${mail.id})`;
    const error = describeFailure(reason);
    const plan = {
      seconds: backoffSeconds(mail.attempts),
      error,
      hopeless: isHopeless(reason, mail.attempts),
    };
    try {
      const state = await this.mails.postpone(mail, plan);
      if (state === 'given-up')
        this.logger.error(`${name} is given up after ${mail.attempts} attempt(s): ${error}`);
      else this.logger.warn(`${name} waits ${plan.seconds} s after attempt ${mail.attempts}: ${error}`);
    } catch (failure) {
      this.logger.warn(`${name} waits for its lease to end: ${error}; ${describeFailure(failure)}`);
    }
  }
}
