import type { Logger } from 'typeorm';
import { currentContext } from '../../src/common/request-context.js';
import type { Database } from '../../src/database/database.js';

/** Everything that a service asks its database, in order. */
export class QueryLog implements Logger {
  readonly statements: string[] = [];
  private readonly ofRequests: string[] = [];

  constructor(database: Database) {
    database.setOptions({ logger: this, logging: ['query'] });
  }

  /** The statements that `work` caused and that name `table`; the workers in the background use others. */
  async of(table: string, work: () => Promise<unknown>): Promise<string[]> {
    const before = this.statements.length;
    await work();
    return this.statements.slice(before).filter((sql) => new RegExp(`\\b${table}\\b`).test(sql));
  }

  /**
   * The statements of the one request that `work` makes. Without those of the log of events: what happens later because of a
   * request is told in its name.
   */
  async ofRequest(work: () => Promise<unknown>): Promise<string[]> {
    this.ofRequests.length = 0;
    await work();
    return this.ofRequests.filter((sql) => !/\bdomain_events\b/.test(sql));
  }

  logQuery(query: string): void {
    this.statements.push(query);
    if (currentContext()) this.ofRequests.push(query);
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}

/** Whether a statement changes something. */
export function isWrite(sql: string): boolean {
  return /\b(?:INSERT|UPDATE|DELETE)\b/i.test(sql);
}
