import type { Logger } from 'typeorm';
import type { Database } from '../../src/database/database.js';

/** Everything that a service asks its database, in order. */
export class QueryLog implements Logger {
  readonly statements: string[] = [];

  constructor(database: Database) {
    database.setOptions({ logger: this, logging: ['query'] });
  }

  /** The statements that `work` caused and that name `table`; the workers in the background use others. */
  async of(table: string, work: () => Promise<unknown>): Promise<string[]> {
    const before = this.statements.length;
    await work();
    return this.statements.slice(before).filter((sql) => new RegExp(`\\b${table}\\b`).test(sql));
  }

  logQuery(query: string): void {
    this.statements.push(query);
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
