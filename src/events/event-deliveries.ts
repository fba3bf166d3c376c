import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows, columnsOf, hydrate, type Row } from '../database/rows.js';
import { violatedIndex } from '../database/unique-violation.js';
import { StoredEvent } from './stored-event.entity.js';

/** An event on its way to one subscriber. */
export interface Delivery {
  readonly event: StoredEvent;
  /** Counted when an attempt starts, so it also tells whose attempt a result belongs to. */
  readonly attempts: number;
  /** It has been tried for so long that this attempt is the last. */
  readonly last: boolean;
}

/** Longer than an attempt may take, so that a delivery is taken over only when its worker has died. */
const LEASE_SECONDS = 60;
const GIVE_UP_AFTER = '3 days';
/** A subscriber that no process has had for so long is gone, and what waits for it. */
const FORGET_SUBSCRIBER_AFTER = '7 days';

/**
 * What a subscriber is to get next: of each user the earliest event, unless one of theirs is on its way already. The
 * index `event_deliveries_one_at_a_time` decides where two replicas look at the same moment.
 */
const CLAIM = `
  WITH due AS (
    SELECT w.event_seq FROM event_deliveries w
    WHERE w.subscriber = $1 AND w.next_attempt_at <= now() AND (w.leased_until IS NULL OR w.leased_until <= now())
      AND NOT EXISTS (
        SELECT FROM event_deliveries o
        WHERE o.subscriber = w.subscriber AND o.user_id = w.user_id AND o.event_seq <> w.event_seq
          AND (o.leased_until IS NOT NULL OR (w.leased_until IS NULL AND o.event_seq < w.event_seq))
      )
    ORDER BY w.next_attempt_at, w.event_seq LIMIT $2 FOR UPDATE SKIP LOCKED
  )
  UPDATE event_deliveries d
  SET attempts = d.attempts + 1, leased_until = now() + interval '${LEASE_SECONDS} seconds'
  FROM due, domain_events e
  WHERE d.subscriber = $1 AND d.event_seq = due.event_seq AND e.seq = d.event_seq
  RETURNING d.attempts, e.occurred_at < now() - interval '${GIVE_UP_AFTER}' AS last, `;

/** That to which a result belongs: nobody else has taken the event since. */
const OURS = 'event_seq = $1 AND subscriber = $2 AND attempts = $3 AND leased_until IS NOT NULL';

/** With all of the same person, so that nobody looks at those that must wait in any case. */
const POSTPONE = `
  UPDATE event_deliveries SET leased_until = NULL, next_attempt_at = now() + make_interval(secs => $4),
    last_error = CASE WHEN event_seq = $1 THEN $5 ELSE last_error END
  WHERE subscriber = $2 AND (event_seq = $1 OR user_id = $6)
    AND EXISTS (SELECT FROM event_deliveries WHERE ${OURS})`;

/** What waits to be delivered, as workers on any number of replicas see it. All its times are the database's. */
@Injectable()
export class EventDeliveries implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly housekeeping: Housekeeping,
  ) {}

  /** Later than all who subscribe: those who are here say so first, also in a process that has slept for a week. */
  onApplicationBootstrap(): void {
    this.housekeeping.add(
      `DELETE FROM event_subscribers WHERE seen_at < now() - interval '${FORGET_SUBSCRIBER_AFTER}'`,
    );
    const isOver = 'subscriber NOT IN (SELECT name FROM event_subscribers)';
    this.housekeeping.addTable('event_deliveries', isOver);
  }

  /** From now on events of these types, or all, wait for this subscriber, whichever process publishes them. */
  async subscribe(subscriber: string, types: readonly string[] | null): Promise<void> {
    await this.database.query(
      `INSERT INTO event_subscribers (name, types) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET types = excluded.types, seen_at = now()`,
      [subscriber, types],
    );
  }

  /** Takes up to `limit` deliveries that are due. Nobody else gets them until the lease ends. */
  async claim(subscriber: string, limit: number): Promise<Delivery[]> {
    const sql = CLAIM + columnsOf(this.database, StoredEvent, 'e');
    try {
      const rows = await changedRows(this.database, sql, [subscriber, limit]);
      return rows.map((row) => this.read(row));
    } catch (error) {
      if (violatedIndex(error) !== 'event_deliveries_one_at_a_time') throw error;
      // Another replica has taken one of the same person meanwhile; now that is to be seen.
      return this.claim(subscriber, limit);
    }
  }

  /** The event is delivered, or given up. */
  async finish(subscriber: string, { event, attempts }: Delivery): Promise<void> {
    const sql = `DELETE FROM event_deliveries WHERE ${OURS}`;
    await this.database.query(sql, [event.seq, subscriber, attempts]);
  }

  /** Puts the event back for a further attempt, and all that come after it. */
  async postpone(
    subscriber: string,
    { event, attempts }: Delivery,
    { seconds, error }: { seconds: number; error: string },
  ): Promise<void> {
    const values = [event.seq, subscriber, attempts, seconds, error, event.userId];
    await this.database.query(POSTPONE, values);
  }

  private read({ attempts, last, ...row }: Row): Delivery {
    const event = hydrate(this.database, StoredEvent, 'e', row);
    return { event, attempts: attempts as number, last: last as boolean };
  }
}
