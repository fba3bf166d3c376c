import { createHash } from 'node:crypto';
import type pg from 'pg';
import { DataSource, type EntityManager, type QueryRunner, type ReplicationMode } from 'typeorm';
import { isConflict, isUnprepared } from './database.errors.js';
import type { Row } from './rows.js';
import { closeWhenSilent } from './silent-connections.js';

type TransactionWork<T> = (manager: EntityManager) => Promise<T>;
type Work = () => void | Promise<void>;
type Isolation = Parameters<DataSource['transaction']>[0];

const ATTEMPTS = 4;

/**
 * The service's own TypeORM data source. A class of its own, so that a host application's
 * `DataSource` and ours never stand in for each other.
 */
export class Database extends DataSource {
  private readonly names = new Map<string, string>();
  private prepares = true;
  private readonly afterCommits = new WeakMap<QueryRunner, Set<Work>>();
  private readonly working = new WeakMap<QueryRunner, Promise<void>>();

  /** Where the database is, as `pg` takes it, for those who need a connection of their own. */
  get url(): string {
    return (this.options.extra as { connectionString: string }).connectionString;
  }

  override async initialize(): Promise<this> {
    await super.initialize();
    this.subscribers.push({
      afterTransactionCommit: ({ queryRunner }) => this.ended(queryRunner, true),
      afterTransactionRollback: ({ queryRunner }) => this.ended(queryRunner, false),
    });
    return this;
  }

  override createQueryRunner(mode?: ReplicationMode): QueryRunner {
    return closeWhenSilent(super.createQueryRunner(mode));
  }

  /**
   * Runs `work` once the manager's transaction has committed, and before `transaction` returns; never when it is rolled
   * back; at once when there is none. The same work counts once. It must not throw: the change has happened.
   */
  async afterCommit({ queryRunner }: EntityManager, work: Work): Promise<void> {
    if (!queryRunner?.isTransactionActive) return work();
    const works = this.afterCommits.get(queryRunner) ?? new Set();
    this.afterCommits.set(queryRunner, works.add(work));
  }

  /**
   * Runs a statement that each connection parses and plans once, for what is asked all the time; not a part of any
   * transaction. Behind a pooler that gives every statement another connection, and does not know prepared ones, it is a
   * plain statement from the first failure on.
   */
  async prepared(text: string, values: unknown[]): Promise<Row[]> {
    this.logger.logQuery(text, values);
    const { master: pool } = this.driver as unknown as { master: pg.Pool };
    const name = this.prepares ? this.nameOf(text) : undefined;
    try {
      return (await pool.query<Row>({ text, values, name })).rows;
    } catch (error) {
      if (name === undefined || !isUnprepared(error)) throw error;
      this.prepares = false;
      return (await pool.query<Row>({ text, values })).rows;
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
        return await this.transactOnce(...parameters);
      } catch (error) {
        if (attempt === ATTEMPTS || !isConflict(error)) throw error;
      }
    }
  }

  /** What follows the commit is waited for when the connection is free again: others may need it. */
  private async transactOnce<T>(
    ...parameters: [TransactionWork<T>] | [Isolation, TransactionWork<T>]
  ): Promise<T> {
    const work = parameters.at(-1) as TransactionWork<T>;
    let runner: QueryRunner | undefined;
    const noted: TransactionWork<T> = (manager) => {
      runner = manager.queryRunner;
      return work(manager);
    };
    const result = await super.transaction(...([...parameters.slice(0, -1), noted] as [TransactionWork<T>]));
    if (runner) await this.working.get(runner);
    return result;
  }

  /** TypeORM tells of savepoints too; the transaction is then still active. */
  private ended(runner: QueryRunner, committed: boolean): void {
    if (runner.isTransactionActive) return;
    const works = this.afterCommits.get(runner);
    this.afterCommits.delete(runner);
    if (committed && works) this.working.set(runner, runAll(works));
  }

  /** By the text, because replicas of two versions may share connections behind a pooler. */
  private nameOf(text: string): string {
    const name = this.names.get(text) ?? createHash('sha256').update(text).digest('base64url');
    this.names.set(text, name);
    return name;
  }
}

async function runAll(works: Iterable<Work>): Promise<void> {
  for (const work of works) await work();
}
