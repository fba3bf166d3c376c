import { Logger } from '@nestjs/common';
import type pg from 'pg';
import type { Database } from '../database/database.js';
import type { Doorbell } from './doorbell.js';

const CHANNEL = 'tokenhouse_news';
const ECHO_MS = 2_000;

/** `LISTEN` and `NOTIFY`. */
export class PostgresDoorbell implements Doorbell {
  private readonly logger = new Logger('News');
  private echo?: NodeJS.Timeout;

  constructor(private readonly database: Database) {}

  /** The log's own trigger has rung already, at the commit. */
  ring(): void {}

  /**
   * Rings once by another connection, because behind a pooler in transaction mode `LISTEN` succeeds and nothing comes.
   */
  async listen(connection: pg.Client, onRing: () => void): Promise<void> {
    connection.on('notification', () => {
      this.close();
      onRing();
    });
    await connection.query(`LISTEN ${CHANNEL}`);
    this.close();
    this.echo = setTimeout(() => this.warn(), ECHO_MS).unref();
    await this.database.query(`NOTIFY ${CHANNEL}`).catch(() => this.close());
  }

  close(): void {
    clearTimeout(this.echo);
  }

  private warn(): void {
    this.logger.warn(
      'No notification of PostgreSQL comes through, as behind a pooler in transaction mode. What other replicas ' +
        'revoke is seen within half a second instead of at once; a direct connection, the session mode of the ' +
        'pooler, or REDIS_URL mends it.',
    );
  }
}
