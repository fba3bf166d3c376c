import { createHmac } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { DomainError } from '../common/domain-error.js';
import { deriveKey } from '../config/app-key.js';
import { AppConfig } from '../config/app-config.js';
import { isDatabaseUnavailable, orUnavailable } from '../database/database.errors.js';
import { type Budget, type BudgetName, BUDGETS } from './budgets.js';
import { currentNetwork } from './current-network.js';
import { type Limiter, Limiters } from './limiters.js';
import { AccountLocked, BudgetSpent, type Refusal } from './limits.errors.js';

/** A budget, and whose share of it: `['login-here', userId, network]`. */
export type Charge = readonly [budget: BudgetName, ...of: string[]];

/** A point that was taken, to be given back where nothing was to be counted after all. */
interface Point {
  readonly budget: BudgetName;
  readonly limiter: RateLimiterAbstract;
  readonly key: string;
  /** By `performance.now()`; afterwards there is nothing left to give back. */
  readonly endsAtMs: number;
}

export type Spent = readonly Point[];

/**
 * Counts what may be tried only so often, for all replicas together. A point is taken before the secret is compared, so
 * of many tries at once no more than allowed get to compare anything; what turns out right gives it back.
 */
@Injectable()
export class Limits {
  private readonly logger = new Logger(Limits.name);
  private readonly key: Buffer;
  private isFailing = false;

  constructor(
    private readonly limiters: Limiters,
    private readonly config: AppConfig,
  ) {
    this.key = deriveKey(config, 'limits');
  }

  /**
   * Takes a point of each budget, in this order: of all or of none.
   * @throws BudgetSpent, AccountLocked as the spent budget says; Unavailable when the database is down
   */
  async spend(...charges: Charge[]): Promise<Spent> {
    const spent: Point[] = [];
    if (!this.config.rateLimit) return spent;
    try {
      for (const charge of charges) spent.push(await this.take(charge));
      return spent;
    } catch (error) {
      await this.refund(spent);
      throw error;
    }
  }

  /** `spend`, for the network that the request comes from; outside of requests nobody is kept from anything. */
  async spendHere(...budgets: BudgetName[]): Promise<Spent> {
    const network = currentNetwork();
    return network === undefined ? [] : this.spend(...budgets.map((budget) => [budget, network] as const));
  }

  /** Looks without taking. @throws as `spend` would */
  async assertUnspent(...charges: Charge[]): Promise<void> {
    if (!this.config.rateLimit) return;
    for (const [budget, ...of] of charges) {
      const { shared } = this.limiters.of(budget);
      const found = await shared.get(this.hash(budget, ...of));
      if (found && found.remainingPoints === 0) throw refusal(budget, shared, found);
    }
  }

  /** Gives points back. */
  async refund(spent: Spent): Promise<void> {
    const now = performance.now();
    const due = spent.filter(({ endsAtMs }) => now < endsAtMs);
    await Promise.all(
      due.map(({ limiter, key }) => limiter.reward(key).catch((error: unknown) => this.fail(error))),
    );
  }

  /** Gives points back after a failure of the service's own: nothing was compared. */
  async refundAfter(error: unknown, spent: Spent): Promise<void> {
    if (!(error instanceof DomainError) || error.status >= 500) await this.refund(spent);
  }

  /** Forgets what was counted. */
  async clear(...charges: Charge[]): Promise<void> {
    await this.forget(charges, ({ shared }, key) => shared.delete(key));
  }

  /** `clear`, for budgets that are kept in the database, where they are not spent. */
  async clearUnlessSpent(...charges: Charge[]): Promise<void> {
    await this.forget(charges, ({ stored }, key) => stored.deleteUnlessSpent(key));
  }

  /** A name for something that must not be stored in the clear, the same in every replica. */
  hash(...parts: string[]): string {
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest('hex').slice(0, 32);
  }

  private async take([budget, ...of]: Charge): Promise<Point> {
    const { shared, local } = this.limiters.of(budget);
    const key = this.hash(budget, ...of);
    try {
      return { budget, ...(await this.takeFrom(shared, key)) };
    } catch (error) {
      if (error instanceof RateLimiterRes) throw refusal(budget, shared, error);
      // Without the database nobody is let in anyway, and this is how long it took to find out.
      if (isDatabaseUnavailable(error)) throw orUnavailable(error);
      this.fail(error);
    }
    const taken = await this.takeFrom(local, key).catch((error: unknown) => {
      throw error instanceof RateLimiterRes ? refusal(budget, local, error) : error;
    });
    return { budget, ...taken };
  }

  private async takeFrom(limiter: RateLimiterAbstract, key: string): Promise<Omit<Point, 'budget'>> {
    const { msBeforeNext } = await limiter.consume(key);
    this.isFailing &&= limiter instanceof RateLimiterMemory;
    return { limiter, key, endsAtMs: performance.now() + msBeforeNext };
  }

  private async forget(
    charges: Charge[],
    work: (limiter: Limiter, key: string) => Promise<unknown>,
  ): Promise<void> {
    if (!this.config.rateLimit) return;
    const forgetting = charges.map(([budget, ...of]) =>
      work(this.limiters.of(budget), this.hash(budget, ...of)).catch((error: unknown) => this.fail(error)),
    );
    await Promise.all(forgetting);
  }

  /** Once, until it works again. What cannot be given back costs somebody a try; nobody gets one by it. */
  private fail(error: unknown): void {
    if (this.isFailing) return;
    this.isFailing = true;
    this.logger.error(
      `Counting fails, so this process counts by itself, and less is allowed: ${String(error)}`,
    );
  }
}

function refusal(
  budget: BudgetName,
  { points }: RateLimiterAbstract,
  { msBeforeNext, consumedPoints }: RateLimiterRes,
): AccountLocked | BudgetSpent {
  const what: Refusal = {
    budget,
    seconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
    isFirst: consumedPoints === points + 1,
  };
  return (BUDGETS[budget] as Budget).locks ? new AccountLocked(what) : new BudgetSpent(what);
}
