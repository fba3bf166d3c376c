import { Injectable } from '@nestjs/common';
import { BudgetSpent } from '../limits/limits.errors.js';
import { Limits, type Spent } from '../limits/limits.js';

/** Of letters that anybody can cause so many and no more go to one recipient (BRF-16, RST-17). */
@Injectable()
export class RecipientBudget {
  constructor(private readonly limits: Limits) {}

  /** Null when there were enough. */
  async spend(recipient: string): Promise<Spent | null> {
    try {
      return await this.limits.spend(['mails-to', recipient.toLowerCase()]);
    } catch (error) {
      if (error instanceof BudgetSpent) return null;
      throw error;
    }
  }

  refund(spent: Spent): Promise<void> {
    return this.limits.refund(spent);
  }
}
