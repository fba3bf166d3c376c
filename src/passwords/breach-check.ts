import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Overloaded } from '../common/common.errors.js';
import { AppConfig } from '../config/app-config.js';
import { DomainEvents } from '../events/domain-events.js';
import { BreachServiceFailure, fetchBreachRange } from './breach-range.js';
import { WorkQueue } from './work-queue.js';

/** More new passwords than this at once are not asked about, so that a slow service does not gather connections. */
const AT_ONCE = 32;
const PREFIX_LENGTH = 5;
const QUIET_MS = 60_000;

/**
 * `PASSWORD_REQUIRE_UNCOMPROMISED`: asks a service that knows stolen passwords, telling it five characters of a hash
 * that thousands of passwords share. What it cannot say in time does not stop anybody (parity PW-06).
 */
@Injectable()
export class BreachCheck {
  private readonly logger = new Logger('BreachCheck');
  private readonly questions = new WorkQueue(AT_ONCE, 0, 0);
  private failures = 0;
  private toldAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly events: DomainEvents,
  ) {}

  /** Whether the password is known to be stolen; false also when that cannot be found out, which operators are told. */
  async isCompromised(password: string): Promise<boolean> {
    const { requireUncompromised, breachUrl } = this.config.passwords;
    if (!requireUncompromised) return false;
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase();
    try {
      const range = await this.questions.run(() => fetchBreachRange(breachUrl, hash.slice(0, PREFIX_LENGTH)));
      return range.has(hash.slice(PREFIX_LENGTH));
    } catch (error) {
      await this.tell(reasonOf(error));
      return false;
    }
  }

  /** Once a minute, however many passwords are set meanwhile. */
  private async tell(reason: string): Promise<void> {
    this.failures += 1;
    const quietFor = this.clock.nowMs() - this.toldAt;
    if (quietFor >= 0 && quietFor < QUIET_MS) return;
    const count = this.failures;
    this.toldAt = this.clock.nowMs();
    this.failures = 0;
    this.logger.warn(`${count} new password(s) not looked up in breaches: ${reason}.`);
    const actor = { kind: 'system', id: null } as const;
    await this.events.record({ type: 'password.unchecked', userId: null, actor, count, reason });
  }
}

/** @throws the error, when it is none of those that the question may end with */
function reasonOf(error: unknown): string {
  if (error instanceof BreachServiceFailure) return error.message;
  if (error instanceof Overloaded) return 'too many at once';
  throw error;
}
