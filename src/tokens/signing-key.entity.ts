import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { JwtAlgorithm } from '../config/app-config.js';

/** A key that the service generated for itself; what it is good for follows from the times alone (key-life.ts). */
@Entity('signing_keys')
export class SigningKey {
  /** As in the header of the tokens it signs. */
  @PrimaryColumn('text')
  kid: string;

  @Column({ type: 'text' })
  algorithm: JwtAlgorithm;

  /**
   * PKCS #8, or the bytes of an HMAC secret, sealed under a key derived from `APP_KEY` (see common/secret-box.ts);
   * empty once it is killed.
   */
  @Column({ name: 'sealed_key', type: 'bytea' })
  sealedKey: Buffer;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  /** From then on it signs, until the next one does. */
  @Column({ name: 'signs_from', type: 'timestamptz' })
  signsFrom: Date;

  /** Since then nothing that it signed counts: it was killed. */
  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt: Date | null;
}
