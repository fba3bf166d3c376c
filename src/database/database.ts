import type pg from 'pg';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { isConflict, isUnprepared } from './database.errors.js';
import type { Row } from './rows.js';

type TransactionWork<T> = (manager: EntityManager) => Promise<T>;
type Work = () => void | Promise<void>;
type Isolation = Parameters<DataSource['transaction']>[0];

const ATTEMPTS = 4;

/**
 * The service's own TypeORM data source. A class of its own, so that a host application's
 * `DataSource` and ours never stand in for each other.
 */
export class Database extends DataSource {
  private prepares = true;
  private readonly afterCommits = new WeakMap<QueryRunner, Work[]>();

  /** Where the database is, as `pg` takes it, for those who need a connection of their own. */
  get url(): string {
    return (this.options.extra as { connectionString: string }).connectionString;
  }

  override async initialize(): Promise<this> {
    await super.initialize();
    this.subscribers.push({ afterTransactionCommit: ({ queryRunner }) => this.committed(queryRunner) });
    return this;
  }

  /**
   * Runs `work` once the manager's transaction has committed, before whoever began it goes on; never when it is rolled
   * back; at once when there is none. What it throws would look like a failed commit: it must not throw.
   */
  async afterCommit({ queryRunner }: EntityManager, work: Work): Promise<void> {
    if (!queryRunner?.isTransactionActive) return work();
    this.afterCommits.set(queryRunner, [...(this.afterCommits.get(queryRunner) ?? []), work]);
  }

  /**
   * Runs a statement that each connection parses and plans once, under its name, for what is asked all the time; not a
   * part of any transaction. Behind a pooler that gives every statement another connection, and does not know prepared
   * ones, it is a plain statement from the first failure on.
   */
  async prepared(name: string, text: string, values: unknown[]): Promise<Row[]> {
    this.logger.logQuery(text, values);
    const { master: pool } = this.driver as unknown as { master: pg.Pool };
    try {
      return (await pool.query<Row>({ text, values, ...(this.prepares && { name }) })).rows;
    } catch (error) {
      if (!this.prepares || !isUnprepared(error)) throw error;
      this.prepares = false;
      return this.prepared(name, text, values);
    }
  }

  /**
   * Runs `work` in a transaction. When PostgreSQL undid it for the sake of another one (a deadlock, a serialisation
   * failure), `work` runs again, a few times, so it must do nothing that a rollback does not undo (RES-06).
   */
  override async transaction<T>(work: TransactionWork<T>): Promise<T>;
  override async transaction<T>(isolation: Isolation, work: TransactionWork<T>): Promise<T>;
  override async transaction<T>(
    ...parameters: [TransactionWork<T>] | [Isolation, TransactionWork<T>]
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await super.transaction(...(parameters as [TransactionWork<T>]));
      } catch (error) {
        if (attempt === ATTEMPTS || !isConflict(error)) throw error;
      }
    }
  }

  /** TypeORM tells of released savepoints too; the transaction is then still active. */
  private async committed(runner: QueryRunner): Promise<void> {
    if (runner.isTransactionActive) return;
    const works = this.afterCommits.get(runner) ?? [];
    this.afterCommits.delete(runner);
    for (const work of works) await work();
  }
}
