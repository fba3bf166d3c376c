import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The secret that a person shares with their authenticator app, encrypted; and one that waits to be confirmed. */
@Entity('totp_secrets')
export class TotpSecret {
  @PrimaryColumn('uuid', { name: 'user_id' })
  userId: string;

  /** See `TotpCodes.seal`. Null until the first is confirmed. */
  @Column({ type: 'bytea', nullable: true })
  secret: Buffer | null;

  /** When the active one was confirmed; null also where that was before it was noted. */
  @Column({ name: 'confirmed_at', type: 'timestamptz', nullable: true })
  confirmedAt: Date | null;

  /** The step of the last code that was accepted; no code of it or before is accepted again. Text, as of a bigint. */
  @Column({ name: 'last_step', type: 'bigint' })
  lastStep: string;

  @Column({ name: 'pending_secret', type: 'bytea', nullable: true })
  pendingSecret: Buffer | null;

  /** Codes that were tried to confirm it. */
  @Column({ name: 'pending_tries', type: 'integer' })
  pendingTries: number;

  @Column({ name: 'pending_expires_at', type: 'timestamptz', nullable: true })
  pendingExpiresAt: Date | null;
}
