import { Column, Entity, PrimaryColumn } from 'typeorm';

/** `done`: sent, or there was nobody to send it to. `given-up`: tried for too long, or refused for good. */
export type OutboxState = 'waiting' | 'done' | 'given-up';

/** A letter to be written and sent. All its times are the database's. */
@Entity('mail_outbox')
export class OutboxMail {
  @PrimaryColumn('uuid')
  id: string;

  /** The name of its templates and of its composer, e.g. `reset-password`. */
  @Column({ type: 'text' })
  letter: string;

  /** What the composer needs to find its facts: ids and addresses, never a secret. */
  @Column({ type: 'jsonb' })
  data: object;

  /** Unique: one letter for this key at a time, see `Outbox.queue`. */
  @Column({ name: 'pace_key', type: 'text', nullable: true })
  paceKey: string | null;

  /** The language that the request which caused it asked for, as far as there are letters in it. */
  @Column({ type: 'text', nullable: true })
  locale: string | null;

  @Column({ type: 'text' })
  state: OutboxState;

  /** Counted when an attempt starts, so it also tells whose attempt a result belongs to. */
  @Column({ type: 'integer' })
  attempts: number;

  @Column({ name: 'next_attempt_at', type: 'timestamptz' })
  nextAttemptAt: Date;

  /** Nobody else takes the letter before this moment. */
  @Column({ name: 'leased_until', type: 'timestamptz', nullable: true })
  leasedUntil: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt: Date | null;

  /** Without addresses and links. */
  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError: string | null;
}
