import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { BudgetName } from '../limits/budgets.js';
import { Outbox } from './outbox.js';
import type { Counted } from './recipient-budget.js';

export const PACE_SECONDS = 60;

interface Asked {
  /** Of two letters for one key within a minute the second is not queued. */
  key: string;
  /** As somebody typed it; whether there is such an account plays no part. */
  recipient: string;
  /** Which of them count it, see `RecipientBudget`. */
  budgets?: readonly BudgetName[];
}

/**
 * Letters that anybody can ask for, for anybody. They are counted by the mail worker, which knows what goes out: what does
 * not costs nothing, and whoever asks for it uses up nobody's budget unseen.
 */
@Injectable()
export class AskedMails {
  constructor(
    private readonly outbox: Outbox,
    private readonly database: Database,
  ) {}

  /** False when there was one within the last minute; whether to tell anybody is the caller's decision. */
  queue(letter: string, data: object, { key, recipient, budgets }: Asked): Promise<boolean> {
    const counted: Counted = { recipient, budgets };
    return this.outbox.queue(letter, { ...data, counted }, this.database.manager, {
      key,
      seconds: PACE_SECONDS,
    });
  }
}
