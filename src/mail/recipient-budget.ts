import { Injectable } from '@nestjs/common';
import type { BudgetName } from '../limits/budgets.js';
import { BudgetSpent } from '../limits/limits.errors.js';
import { Limits, type Spent } from '../limits/limits.js';

/** Whose letter it is, and which budgets have a point for it: the first that has one left. */
export interface Counted {
  readonly recipient: string;
  readonly budgets?: readonly BudgetName[];
}

/** Of letters that anybody can cause so many and no more go to one recipient (BRF-16, RST-17). */
@Injectable()
export class RecipientBudget {
  constructor(private readonly limits: Limits) {}

  /** Null when there were enough. */
  async spend({ recipient, budgets = ['mails-to'] }: Counted): Promise<Spent | null> {
    for (const budget of budgets) {
      try {
        return await this.limits.spend([budget, recipient.toLowerCase()]);
      } catch (error) {
        if (!(error instanceof BudgetSpent)) throw error;
      }
    }
    return null;
  }

  refund(spent: Spent): Promise<void> {
    return this.limits.refund(spent);
  }
}
