import type { Database } from '../../src/database/database.js';

export interface EventRow {
  seq: string;
  id: string;
  type: string;
  occurred_at: Date;
  user_id: string | null;
  actor: string;
  actor_id: string | null;
  impersonator_id: string | null;
  sid: string | null;
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  data: Record<string, unknown>;
}

/** The rows of the log about a user, the oldest first; with `type` only those. Null: about nobody. */
export function eventRows(database: Database, userId: string | null, type?: string): Promise<EventRow[]> {
  return database.query<EventRow[]>(
    `SELECT * FROM domain_events WHERE user_id IS NOT DISTINCT FROM $1 AND type = coalesce($2, type) ORDER BY seq`,
    [userId, type ?? null],
  );
}
