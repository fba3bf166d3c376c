import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Outbox } from './outbox.js';
import { RecipientBudget } from './recipient-budget.js';

export const PACE_SECONDS = 60;

interface Asked {
  /** Of two letters for one key within a minute the second is not sent. */
  key: string;
  /** As somebody typed it; whether there is such an account plays no part. */
  recipient: string;
}

/** Letters that anybody can ask for, for anybody. */
@Injectable()
export class AskedMails {
  constructor(
    private readonly outbox: Outbox,
    private readonly budget: RecipientBudget,
    private readonly database: Database,
  ) {}

  /** False when there were enough; whether to tell anybody is the caller's decision. */
  async queue(letter: string, data: object, { key, recipient }: Asked): Promise<boolean> {
    const spent = await this.budget.spend(recipient);
    if (!spent) return false;
    const pace = { key, seconds: PACE_SECONDS };
    const isQueued = await this.outbox.queue(letter, data, this.database.manager, pace);
    if (!isQueued) await this.budget.refund(spent);
    return isQueued;
  }
}
