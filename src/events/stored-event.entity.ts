import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ActorKind } from './domain-event.js';

/** A line of the log of what happened. It outlives the people it tells of, so nothing in it refers to their rows. */
@Entity('domain_events')
export class StoredEvent {
  /** The order in which they were told; those of one user whose changes followed each other are in order. */
  @PrimaryColumn('bigint')
  seq: string;

  /** UUIDv7. */
  @Column('uuid')
  id: string;

  /** May be one that this version does not know. */
  @Column({ type: 'text' })
  type: string;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt: Date;

  /** Whom it concerns; null where that is nobody, or not known. */
  @Column({ name: 'user_id', type: 'uuid', nullable: true })
  userId: string | null;

  @Column({ type: 'text' })
  actor: ActorKind;

  @Column({ name: 'actor_id', type: 'uuid', nullable: true })
  actorId: string | null;

  @Column({ name: 'impersonator_id', type: 'uuid', nullable: true })
  impersonatorId: string | null;

  @Column({ type: 'uuid', nullable: true })
  sid: string | null;

  @Column({ type: 'text', nullable: true })
  ip: string | null;

  @Column({ name: 'user_agent', type: 'text', nullable: true })
  userAgent: string | null;

  @Column({ name: 'request_id', type: 'text', nullable: true })
  requestId: string | null;

  /** What its type adds (see domain-event.ts). */
  @Column({ type: 'jsonb' })
  data: Readonly<Record<string, unknown>>;
}
