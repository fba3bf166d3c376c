import { eventually } from './eventually.js';

/** A statement, and what may run it. */
interface Queryable {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** What somebody has besides their row in `users`, and the column that says whose it is. */
const THEIRS = {
  passwords: 'user_id',
  sessions: 'user_id',
  totp_secrets: 'user_id',
  recovery_codes: 'user_id',
  passkeys: 'user_id',
  passkey_nonces: 'user_id',
  sign_in_challenges: 'user_id',
  one_time_links: 'subject_id',
};

/** Waits until a statement in this database waits for a lock; asked outside of the transaction that holds it. */
export async function untilOneWaits(database: Queryable): Promise<void> {
  const sql =
    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
  await eventually(async () => {
    const { length } = (await database.query(sql)) as unknown[];
    if (length !== 1) throw new Error(`${length} statements wait for a lock, not one`);
  });
}

/**
 * Nothing of this person is locked by anybody else: whoever waits for the person has locked nothing before, and makes
 * nobody wait who has the person already. @throws QueryFailedError (55P03)
 */
export async function expectNothingLocked(userId: string, database: Queryable): Promise<void> {
  for (const [table, owner] of Object.entries(THEIRS)) {
    await database.query(`SELECT 1 FROM ${table} WHERE ${owner} = $1 FOR UPDATE NOWAIT`, [userId]);
  }
}
