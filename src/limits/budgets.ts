/** How often something may happen. */
export interface Budget {
  /** What is counted, for one what: a row of the page docs/limits.md. */
  readonly counts: string;
  readonly per: string;
  readonly points: number;
  /** From the first one on; then the count begins anew. */
  readonly seconds: number;
  /** Spent, the answer is `account_locked`; else `too_many_requests`. */
  readonly locks?: true;
  /** Spent, it stays so for this long, unless somebody clears it. */
  readonly lockSeconds?: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/**
 * Everything that is limited (security.md, "Limits"). What is counted are failures, wherever a right secret gives its
 * point back. A login is one key, however it was spelt.
 */
export const BUDGETS = {
  'login-here': { counts: 'wrong passwords', per: 'login and network', points: 5, seconds: MINUTE },
  login: { counts: 'wrong passwords', per: 'login', points: 20, seconds: HOUR, locks: true },
  'login-in-a-row': {
    counts: 'wrong passwords in a row',
    per: 'login',
    points: 90,
    seconds: 30 * DAY,
    locks: true,
    lockSeconds: YEAR,
  },
  'network-passwords': { counts: 'wrong passwords', per: 'network', points: 100, seconds: HOUR },
  'own-password': {
    counts: 'wrong passwords of somebody signed in',
    per: 'user',
    points: 5,
    seconds: MINUTE,
  },
  'own-password-hour': { counts: 'the same', per: 'user', points: 20, seconds: HOUR },
  'second-factor': { counts: 'wrong codes', per: 'user', points: 20, seconds: HOUR, locks: true },
  'second-factor-in-a-row': {
    counts: 'wrong codes in a row',
    per: 'user',
    points: 50,
    seconds: 30 * DAY,
    locks: true,
    lockSeconds: YEAR,
  },
  register: { counts: 'registrations', per: 'network', points: 10, seconds: HOUR },
  available: { counts: 'questions whether a name is free', per: 'network', points: 10, seconds: MINUTE },
  'resets-to': { counts: 'mails to reset a password', per: 'recipient', points: 10, seconds: DAY },
  // No longer than such a link works by default: of whoever gets none the last one is good.
  'late-resets-to': { counts: 'such mails after those', per: 'recipient', points: 1, seconds: HOUR },
  'mails-to': { counts: 'other mails that anybody can cause', per: 'recipient', points: 10, seconds: DAY },
  'mails-from': { counts: 'requests for such a mail', per: 'network', points: 30, seconds: HOUR },
  'link-guesses': { counts: 'links that do not work', per: 'network', points: 10, seconds: MINUTE },
  'public-secrets': {
    counts: 'requests to public routes that take a secret or send mail',
    per: 'network',
    points: 300,
    seconds: MINUTE,
  },
} as const satisfies Record<string, Budget>;

/** Counted in the session's row, see `RefreshBudget`. The same token again within ten seconds is free. */
export const REFRESH_BUDGET = {
  counts: 'refreshes',
  per: 'session',
  points: 60,
  seconds: MINUTE,
} as const satisfies Budget;

export type BudgetName = keyof typeof BUDGETS;
