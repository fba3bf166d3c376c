import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A person with an account. Their password lives in a table of its own, so a user never carries it along. */
@Entity('users')
export class User {
  /** UUIDv7: a name, never a secret. */
  @PrimaryColumn('uuid')
  id: string;

  /** Canonical (see email-address.ts); unique without regard to case. */
  @Column({ type: 'text' })
  email: string;

  @Column({ name: 'email_verified_at', type: 'timestamptz', nullable: true })
  emailVerifiedAt: Date | null;

  /** The address that replaces `email` once it is proven. */
  @Column({ name: 'pending_email', type: 'text', nullable: true })
  pendingEmail: string | null;

  /** Unique without regard to case. */
  @Column({ type: 'text', nullable: true })
  username: string | null;

  @Column({ name: 'first_name', type: 'text', nullable: true })
  firstName: string | null;

  @Column({ name: 'last_name', type: 'text', nullable: true })
  lastName: string | null;

  /** The second factors that are on, each with when it was turned on (ISO 8601). */
  @Column({ name: 'second_factors', type: 'jsonb', default: {} })
  secondFactors: Record<string, string>;

  /** Only mail that is needed reaches them (parity ML-05); for administration. */
  @Column({ name: 'mail_blocked', type: 'boolean' })
  mailBlocked: boolean;

  @Column({ name: 'created_ip', type: 'text', nullable: true })
  createdIp: string | null;

  @Column({ name: 'last_ip', type: 'text', nullable: true })
  lastIp: string | null;

  @Column({ name: 'last_seen_at', type: 'timestamptz', nullable: true })
  lastSeenAt: Date | null;

  @Column({ name: 'banned_at', type: 'timestamptz', nullable: true })
  bannedAt: Date | null;

  @Column({ name: 'ban_reason', type: 'text', nullable: true })
  banReason: string | null;

  /** Soft deletion: hidden everywhere, the address stays reserved. */
  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
