import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { DomainEvents } from '../events/domain-events.js';
import { BUDGETS } from '../limits/budgets.js';
import { currentNetwork } from '../limits/current-network.js';
import { BudgetSpent } from '../limits/limits.errors.js';

const WINDOW_MS = 5 * 60_000;
const MANY = 100;
/** So many wrong passwords to a right one are no ordinary day. */
const PER_RIGHT = 3;

/** Tells operators that somebody is guessing: from one network, or from so many that none of them stands out (BRF-02). */
@Injectable()
export class GuessWatch {
  private readonly logger = new Logger('Guessing');
  private endsAtMs = 0;
  private right = 0;
  private wrong = 0;
  private isTold = false;

  constructor(
    private readonly clock: Clock,
    private readonly events: DomainEvents,
  ) {}

  /** Tells when a network has spent its wrong passwords: once in an hour and network, because the limits say so once. */
  async over<T>(spending: Promise<T>): Promise<T> {
    return spending.catch((error: unknown) => {
      const isNetwork = error instanceof BudgetSpent && error.refusal.budget === 'network-passwords';
      if (isNetwork && error.refusal.isFirst) this.tellOfNetwork(currentNetwork() ?? '');
      throw error;
    });
  }

  noteRight(): void {
    this.turn();
    this.right += 1;
  }

  /** Told once in five minutes, by each replica that sees it. */
  noteWrong(): void {
    this.turn();
    this.wrong += 1;
    if (this.isTold || this.wrong < MANY || this.wrong < PER_RIGHT * this.right) return;
    this.isTold = true;
    this.logger.warn(
      `${this.wrong} wrong passwords and ${this.right} right ones came within five minutes, from several networks or one.`,
    );
    this.publish(null, this.wrong);
  }

  private tellOfNetwork(network: string): void {
    const { points } = BUDGETS['network-passwords'];
    this.logger.warn(
      `${points} wrong passwords came from ${network || 'one network'} within an hour; it is refused.`,
    );
    this.publish(network, points);
  }

  private turn(): void {
    const now = this.clock.nowMs();
    // Also when the clock was set back.
    if (now < this.endsAtMs && now >= this.endsAtMs - WINDOW_MS) return;
    Object.assign(this, { endsAtMs: now + WINDOW_MS, right: 0, wrong: 0, isTold: false });
  }

  /** Nobody waits for it: whoever guesses must not notice. */
  private publish(network: string | null, wrong: number): void {
    const event = { type: 'guessing.noticed', userId: null, network, wrong } as const;
    this.events.record(event).catch((error: unknown) => this.logger.error(error));
  }
}
