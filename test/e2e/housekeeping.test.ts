import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { startApp, type TestApp } from '../support/app.js';
import { QueryLog } from '../support/query-log.js';

/** Tables that have few rows, whatever happens. */
const SHORT = ['event_subscribers', 'signing_keys'];

describe('housekeeping', () => {
  let target: TestApp;

  beforeAll(async () => {
    target = await startApp();
  });
  afterAll(() => target.close());

  /** A statement that took too long would be given up, and again every hour, while the table grows. */
  it('deletes from tables that may be long in statements that have an end', async () => {
    const log = new QueryLog(target.database);
    await target.app.get(Housekeeping).run();
    const deletions = log.statements.filter((sql) => sql.includes('DELETE FROM'));
    const endless = deletions.filter((sql) => !sql.includes(' LIMIT '));
    const tables = endless.map((sql) => /DELETE FROM (\w+)/.exec(sql)?.[1]).sort();
    expect(deletions.length).toBeGreaterThan(SHORT.length);
    expect(tables).toEqual(SHORT);
  });
});
