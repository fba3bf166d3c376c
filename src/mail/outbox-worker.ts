import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SharedRun } from '../common/shared-run.js';
import { backoffSeconds } from './backoff.js';
import { describeFailure, isHopeless } from './mail-failure.js';
import type { OutboxMail } from './outbox-mail.entity.js';
import { OutboxMails } from './outbox-mails.js';
import { Outbox } from './outbox.js';
import { Postman } from './postman.js';

/** Letters on their way at once, in this process. */
export const LETTERS_AT_ONCE = 4;
const POLL_MS = 1_000;
const SHUTDOWN_GRACE_MS = 5_000;

/**
 * Sends what is due: at once when this process committed a letter, else within a second. Any number of workers
 * may share the table. A letter is sent at least once: a process that dies between the mail server's answer and
 * its own note of it leaves the letter to another, which sends it again.
 */
@Injectable()
export class OutboxWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OutboxWorker.name);
  private readonly held = new Map<OutboxMail, Promise<void>>();
  private timer?: NodeJS.Timeout;
  private readonly claiming = new SharedRun(() => this.claim());
  private stopped = false;
  private blind = false;

  constructor(
    private readonly outbox: Outbox,
    private readonly mails: OutboxMails,
    private readonly postman: Postman,
  ) {}

  onApplicationBootstrap(): void {
    this.outbox.onCommit(() => this.wake());
    this.timer = setInterval(() => this.wake(), POLL_MS).unref();
  }

  /** Takes nothing new, gives what is under way a moment, then breaks it off; others send it soon after. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.claiming.settled();
    const work = Promise.all(this.held.values());
    await Promise.race([work, delay(SHUTDOWN_GRACE_MS, null, { ref: false })]);
    this.postman.close();
    await work;
  }

  /** Looks for due letters soon; many calls at once cost one look. */
  private wake(): void {
    if (!this.stopped) void this.claiming.again();
  }

  private async claim(): Promise<void> {
    // Nothing is taken that would only wait here; whoever finishes looks again.
    const free = LETTERS_AT_ONCE - this.held.size;
    if (free <= 0 || this.stopped) return;
    try {
      for (const mail of await this.mails.claim(free)) this.hold(mail);
      this.blind = false;
    } catch (error) {
      if (!this.blind) this.logger.warn(`The outbox cannot be read: ${describeFailure(error)}`);
      this.blind = true;
    }
  }

  private hold(mail: OutboxMail): void {
    const work = this.deliver(mail).finally(() => {
      this.held.delete(mail);
      this.wake();
    });
    this.held.set(mail, work);
  }

  /** Never rejects. */
  private async deliver(mail: OutboxMail): Promise<void> {
    try {
      await this.postman.deliver(mail);
      await this.mails.finish(mail);
    } catch (error) {
      await this.putBack(mail, error);
    }
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
