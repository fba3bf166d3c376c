import { Injectable } from '@nestjs/common';
import { TooManyRequests } from '../common/common.errors.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { REFRESH_BUDGET } from '../limits/budgets.js';

const IS_OVER = `s.refreshes_since <= now() - interval '${REFRESH_BUDGET.seconds} seconds'`;

/** How often a session may be refreshed, counted in its own row: what a refresh changes anyway costs nothing more. */
@Injectable()
export class RefreshBudget {
  /** Counts one; for an UPDATE of `sessions s`. */
  readonly assignments = `refreshes = CASE WHEN ${IS_OVER} THEN 1 ELSE s.refreshes + 1 END,
    refreshes_since = CASE WHEN ${IS_OVER} THEN now() ELSE s.refreshes_since END`;
  /** Whether one more may be counted; for its WHERE. */
  readonly condition: string;

  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
  ) {
    this.condition = config.rateLimit ? `(s.refreshes < ${REFRESH_BUDGET.points} OR ${IS_OVER})` : 'TRUE';
  }

  /** Counts one that changes nothing else. @throws TooManyRequests */
  async spend(sid: string): Promise<void> {
    if (!this.config.rateLimit) return;
    const counted = await this.database.prepared(
      `UPDATE sessions s SET ${this.assignments} WHERE s.id = $1 AND ${this.condition} RETURNING s.id`,
      [sid],
    );
    if (counted.length === 0) await this.refuse(sid);
  }

  /** @throws TooManyRequests */
  async refuse(sid: string): Promise<never> {
    const { points, seconds } = REFRESH_BUDGET;
    const [row] = await this.database.prepared(
      'SELECT ceil(extract(epoch FROM refreshes_since - now()) + $2)::int AS seconds FROM sessions WHERE id = $1',
      [sid, seconds],
    );
    throw new TooManyRequests(Math.max(1, Number(row?.seconds ?? seconds)), points);
  }
}
