import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from './database.js';

const HOUR_MS = 3_600_000;
/** Rows that one statement deletes. */
const BATCH = 20_000;

/** Deletes what has expired, once an hour. Statements must be safe to run on several replicas at once. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Housekeeping.name);
  private readonly statements: string[] = [];
  private timer?: NodeJS.Timeout;

  constructor(private readonly database: Database) {}

  /** Adds a statement that concerns few rows; call it from `onModuleInit`. */
  add(statement: string): void {
    this.statements.push(statement);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), HOUR_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /**
   * Adds a table of which rows go once they are over: however many are at once, no statement deletes so many that it takes
   * too long. Call it from `onModuleInit`. @param isOver which rows, in SQL
   */
  addTable(table: string, isOver: string): void {
    this.add(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${isOver} LIMIT ${BATCH}))`,
    );
  }

  /** Runs every statement; one that fails is logged and tried again next time. */
  async run(): Promise<void> {
    for (const statement of this.statements) {
      await this.finish(statement).catch((error: unknown) => this.logger.error(error));
    }
  }

  private async finish(statement: string): Promise<void> {
    const [, deleted] = await this.database.query<[unknown[], number]>(statement);
    if (deleted === BATCH) await this.finish(statement);
  }
}
