import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';

describe('Database.afterCommit', () => {
  let target: TestApp;
  beforeAll(async () => {
    target = await startApp();
  });
  afterAll(() => target.close());

  it('runs what is to follow once, after the commit and before the transaction returns', async () => {
    const { database } = target;
    const done: string[] = [];
    const work = async (): Promise<void> => {
      const [row] = await database.query(
        "SELECT count(*)::int AS count FROM users WHERE email = 'after@example.com'",
      );
      done.push(`sees ${row.count}`);
    };
    await database.transaction(async (manager) => {
      await manager.query("INSERT INTO users (id, email) VALUES (gen_random_uuid(), 'after@example.com')");
      await database.afterCommit(manager, work);
      await database.afterCommit(manager, work);
      done.push('inside');
    });
    expect(done).toEqual(['inside', 'sees 1']);
  });

  it('runs nothing after a rollback, nor with a later commit on the same connection', async () => {
    const { database } = target;
    const runner = database.createQueryRunner();
    let ran = 0;
    const work = (): void => void (ran += 1);
    await runner.startTransaction();
    await database.afterCommit(runner.manager, work);
    await runner.rollbackTransaction();
    await runner.startTransaction();
    await runner.commitTransaction();
    expect(ran).toBe(0);
    await runner.startTransaction();
    await database.afterCommit(runner.manager, work);
    await runner.commitTransaction();
    await runner.release();
    expect(ran).toBe(1);
    await database.afterCommit(database.manager, work);
    expect(ran).toBe(2);
  });
});
