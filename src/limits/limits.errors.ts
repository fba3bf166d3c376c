import { TooManyRequests } from '../common/common.errors.js';
import { DomainError } from '../common/domain-error.js';
import { type BudgetName, BUDGETS } from './budgets.js';

/** How a budget was found to be spent. */
export interface Refusal {
  readonly budget: BudgetName;
  /** Until it is whole again. */
  readonly seconds: number;
  /** Whether this is the first refusal since; of many at once a single one is. */
  readonly isFirst: boolean;
}

export class BudgetSpent extends TooManyRequests {
  constructor(readonly refusal: Refusal) {
    super(refusal.seconds, BUDGETS[refusal.budget].points);
  }
}

const REMEDIES: Partial<Record<BudgetName, string>> = {
  'second-factor': 'There were too many wrong codes; try later.',
  'second-factor-in-a-row': 'There were too many wrong codes; use a recovery code or a passkey.',
};

/** So many wrong secrets were tried that right ones are refused, too; the same whether or not there is such an account. */
export class AccountLocked extends DomainError {
  constructor(readonly refusal: Refusal = { budget: 'login', seconds: 3600, isFirst: false }) {
    super(
      429,
      'account_locked',
      REMEDIES[refusal.budget] ??
        'There were too many wrong attempts to sign in; try later, or reset the password.',
      { headers: new BudgetSpent(refusal).headers },
    );
  }
}
