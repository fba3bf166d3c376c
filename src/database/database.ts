import type pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { isConflict } from './database.errors.js';
import type { Row } from './rows.js';

type Work<T> = (manager: EntityManager) => Promise<T>;
type Isolation = Parameters<DataSource['transaction']>[0];

const ATTEMPTS = 4;

/**
 * The service's own TypeORM data source. A class of its own, so that a host application's
 * `DataSource` and ours never stand in for each other.
 */
export class Database extends DataSource {
  /**
   * Runs a statement that each connection parses and plans once, under its name: half the time of `query`, for what
   * every request asks. It cannot be part of a transaction.
   */
  async prepared(name: string, text: string, values: unknown[]): Promise<Row[]> {
    this.logger.logQuery(text, values);
    const { master: pool } = this.driver as unknown as { master: pg.Pool };
    return (await pool.query<Row>({ name, text, values })).rows;
  }

  /**
   * Runs `work` in a transaction. When PostgreSQL undid it for the sake of another one (a deadlock, a serialisation
   * failure), `work` runs again, a few times, so it must do nothing that a rollback does not undo (RES-06).
   */
  override async transaction<T>(work: Work<T>): Promise<T>;
  override async transaction<T>(isolation: Isolation, work: Work<T>): Promise<T>;
  override async transaction<T>(...parameters: [Work<T>] | [Isolation, Work<T>]): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await super.transaction(...(parameters as [Work<T>]));
      } catch (error) {
        if (attempt === ATTEMPTS || !isConflict(error)) throw error;
      }
    }
  }
}
