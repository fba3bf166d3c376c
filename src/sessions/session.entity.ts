import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One sign-in. Refreshing moves `generation`; it never adds rows. */
@Entity('sessions')
export class Session {
  /** UUIDv7, made by the server at every sign-in; `sid` in the token. A name, never a secret. */
  @PrimaryColumn('uuid')
  id: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  /** That of the refresh token which is good now; the one before may still be replayed. */
  @Column({ type: 'integer' })
  generation: number;

  /** How the person proved themself, as `amr` values (RFC 8176). */
  @Column({ type: 'text', array: true })
  methods: string[];

  @Column({ name: 'user_agent', type: 'text', nullable: true })
  userAgent: string | null;

  @Column({ type: 'text', nullable: true })
  ip: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** Sign-in, or the last confirmation of the password in this session. */
  @Column({ name: 'authenticated_at', type: 'timestamptz' })
  authenticatedAt: Date;

  /** The last rotation of the refresh token. */
  @Column({ name: 'rotated_at', type: 'timestamptz' })
  rotatedAt: Date;

  @Column({ name: 'last_seen_at', type: 'timestamptz' })
  lastSeenAt: Date;

  /** The absolute end. */
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  /** The end unless it is used before; never later than the absolute one, so this alone decides. */
  @Column({ name: 'idle_expires_at', type: 'timestamptz' })
  idleExpiresAt: Date;

  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt: Date | null;

  @Column({ name: 'end_reason', type: 'text', nullable: true })
  endReason: string | null;
}
