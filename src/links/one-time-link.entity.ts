import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A link that was mailed. Its secret is in the mail alone; here is only the hash. */
@Entity('one_time_links')
export class OneTimeLink {
  @PrimaryColumn('uuid')
  id: string;

  /** What it does, e.g. `reset-password`. */
  @Column({ type: 'text' })
  purpose: string;

  /** Purpose and subject, unique: a newer link takes the older one's place. Null for links that outlive others. */
  @Column({ type: 'text', nullable: true })
  slot: string | null;

  /** SHA-256 of the secret. */
  @Column({ name: 'token_hash', type: 'bytea' })
  tokenHash: Buffer;

  /** Whom it concerns: a user's id, or that of a pending registration. */
  @Column({ name: 'subject_id', type: 'uuid' })
  subjectId: string;

  /** The address that opening it proves or brings back. */
  @Column({ type: 'text' })
  address: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
