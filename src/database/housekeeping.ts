import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from './database.js';

const HOUR_MS = 3_600_000;

/** Deletes what has expired, once an hour. Statements must be safe to run on several replicas at once. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Housekeeping.name);
  private readonly statements: string[] = [];
  private timer?: NodeJS.Timeout;

  constructor(private readonly database: Database) {}

  /** Adds a statement; call it from `onModuleInit`. */
  add(statement: string): void {
    this.statements.push(statement);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), HOUR_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Runs every statement; one that fails is logged and tried again next time. */
  async run(): Promise<void> {
    for (const statement of this.statements) {
      await this.database.query(statement).catch((error: unknown) => this.logger.error(error));
    }
  }
}
