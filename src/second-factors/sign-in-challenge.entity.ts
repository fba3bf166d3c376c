import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Transport } from '../auth/token-bundle.js';

/** A sign-in that waits for a second factor. All its times are the database's. */
@Entity('sign_in_challenges')
export class SignInChallenge {
  /** SHA-256 of its id, which only the client knows. */
  @PrimaryColumn({ name: 'id_hash', type: 'bytea' })
  idHash: Buffer;

  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  /** What proved the person before, as `amr` values. */
  @Column({ type: 'text', array: true })
  methods: string[];

  /** The steps of signing in that are behind it. */
  @Column({ type: 'text', array: true })
  passed: string[];

  /** Of the password that was given, see `PasswordsService.match`. */
  @Column({ name: 'password_mark', type: 'bytea', nullable: true })
  passwordMark: Buffer | null;

  @Column({ type: 'boolean' })
  remember: boolean;

  @Column({ type: 'text' })
  transport: Transport;

  /** Answers so far. */
  @Column({ type: 'integer' })
  tries: number;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}
