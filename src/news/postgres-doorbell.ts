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
    let heard = false;
    connection.on('notification', () => {
      heard = true;
      onRing();
    });
    await connection.query(`LISTEN ${CHANNEL}`);
    // Not waited for: the pool may be busy, and this waits for nobody. Who cannot be asked has swallowed nothing.
    this.database.query(`NOTIFY ${CHANNEL}`).then(
      () => this.expectEcho(() => heard),
      () => {},
    );
  }

  close(): void {
    clearTimeout(this.echo);
  }

  private expectEcho(isHeard: () => boolean): void {
    clearTimeout(this.echo);
    this.echo = setTimeout(() => isHeard() || this.warn(), ECHO_MS).unref();
  }

  private warn(): void {
    this.logger.warn(
      'No notification of PostgreSQL comes through, as behind a pooler in transaction mode. What other replicas ' +
        'revoke is seen within half a second instead of at once; a direct connection, the session mode of the ' +
        'pooler, or REDIS_URL mends it.',
    );
  }
}
