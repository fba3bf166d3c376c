import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows, columnsOf, hydrate } from '../database/rows.js';
import { OutboxMail, type OutboxState } from './outbox-mail.entity.js';

/** Longer than an attempt may take, so that a letter is taken over only when its worker has died. */
const LEASE_SECONDS = 120;
const GIVE_UP_AFTER = '2 days';

/**
 * The outbox table as its workers see it, on any number of replicas. A result counts only for the attempt that
 * it belongs to: letters are named by id and attempt.
 */
@Injectable()
export class OutboxMails implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly housekeeping: Housekeeping,
  ) {}

  onModuleInit(): void {
    // In words that the index on `finished_at` understands.
    this.housekeeping.addTable(
      'mail_outbox',
      "finished_at < now() - interval '1 day' AND (state = 'done' OR finished_at < now() - interval '7 days')",
    );
  }

  /** Takes up to `limit` due letters, the oldest first. Nobody else gets them until the lease ends. */
  async claim(limit: number): Promise<OutboxMail[]> {
    const rows = await changedRows(
      this.database,
      // Looked for once: as a condition it might be asked again for each letter, and give further ones each time.
      `WITH due AS (
         SELECT id FROM mail_outbox
         WHERE state = 'waiting' AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until <= now())
         ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       UPDATE mail_outbox m
       SET attempts = m.attempts + 1, leased_until = now() + make_interval(secs => $2)
       FROM due WHERE m.id = due.id
       RETURNING ${columnsOf(this.database, OutboxMail, 'm')}`,
      [limit, LEASE_SECONDS],
    );
    return rows.map((row) => hydrate(this.database, OutboxMail, 'm', row));
  }

  /** The letter is sent, or there was nobody to send it to. What a notice carries of a person is not kept: they may be gone. */
  async finish({ id, attempts }: OutboxMail): Promise<void> {
    await this.database.query(
      `UPDATE mail_outbox SET state = 'done', data = data - '{to,person,occasion}'::text[], finished_at = now(),
         leased_until = NULL, last_error = NULL
       WHERE id = $1 AND attempts = $2 AND leased_until IS NOT NULL`,
      [id, attempts],
    );
  }

  /**
   * Puts the letter back for a further attempt, or away when it is `hopeless` or has been tried for two days.
   * Returns what became of it; null when it was no longer ours.
   */
  async postpone(
    { id, attempts }: OutboxMail,
    { seconds, error, hopeless }: { seconds: number; error: string; hopeless: boolean },
  ): Promise<OutboxState | null> {
    const [row] = await changedRows(
      this.database,
      `UPDATE mail_outbox m SET leased_until = NULL, last_error = $4,
         next_attempt_at = now() + make_interval(secs => $3),
         state = CASE WHEN n.over THEN 'given-up' ELSE 'waiting' END,
         finished_at = CASE WHEN n.over THEN now() END
       FROM (SELECT id, $5 OR created_at < now() - interval '${GIVE_UP_AFTER}' AS over
             FROM mail_outbox WHERE id = $1) n
       WHERE m.id = n.id AND m.attempts = $2 AND m.leased_until IS NOT NULL
       RETURNING m.state`,
      [id, attempts, seconds, error, hopeless],
    );
    return (row?.state as OutboxState | undefined) ?? null;
  }
}
