import type { Database } from './database.js';

/** Any constant: all replicas of all versions must agree on it. */
const MIGRATION_LOCK = 7_260_137_001;

/**
 * Brings the schema up to date. Several replicas may call it at once: TypeORM takes no lock of its own,
 * so one of a session's advisory locks, on a connection of its own, lets a single one run.
 * Returns the names of the migrations that ran.
 */
export async function runMigrations(database: Database): Promise<string[]> {
  const connection = database.createQueryRunner();
  await connection.connect();
  try {
    await connection.query('SET statement_timeout = 0');
    await connection.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const done = await database.runMigrations();
    await connection.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    return done.map((migration) => migration.name);
  } finally {
    await connection.query('RESET statement_timeout');
    await connection.release();
  }
}
