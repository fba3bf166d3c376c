import { eventually } from './eventually.js';

/** A statement, and what may run it. */
interface Queryable {
  query(sql: string): Promise<unknown>;
}

/** Waits until a statement in this database waits for a lock; asked outside of the transaction that holds it. */
export async function untilOneWaits(database: Queryable): Promise<void> {
  const sql =
    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
  await eventually(async () => {
    const { length } = (await database.query(sql)) as unknown[];
    if (length !== 1) throw new Error(`${length} statements wait for a lock, not one`);
  });
}
