import { Logger } from '@nestjs/common';
import type pg from 'pg';
import type { Doorbell } from './doorbell.js';

const CHANNEL = 'tokenhouse_news';
const ECHO_MS = 2_000;

/** `LISTEN` and `NOTIFY`. */
export class PostgresDoorbell implements Doorbell {
  private readonly logger = new Logger('News');
  private echo?: NodeJS.Timeout;

  /** The log's own trigger has rung already, at the commit. */
  ring(): void {}

  /** Rings once itself, because behind a pooler in transaction mode `LISTEN` succeeds and nothing ever comes. */
  async listen(connection: pg.Client, onRing: () => void): Promise<void> {
    this.close();
    this.echo = setTimeout(() => this.warn(), ECHO_MS).unref();
    connection.on('notification', () => {
      this.close();
      onRing();
    });
    await connection.query(`LISTEN ${CHANNEL}`);
    await connection.query(`NOTIFY ${CHANNEL}`);
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
