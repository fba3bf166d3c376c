import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { JwtAlgorithm } from '../config/app-config.js';

/** A key that the service generated for itself. All of them verify; the one of the configured algorithm signs. */
@Entity('signing_keys')
export class SigningKey {
  /** As in the header of the tokens it signs. */
  @PrimaryColumn('text')
  kid: string;

  /** Unique: replicas that start at once agree on one key. */
  @Column({ type: 'text' })
  algorithm: JwtAlgorithm;

  /** PKCS #8, or the bytes of an HMAC secret, sealed under a key derived from `APP_KEY` (see common/secret-box.ts). */
  @Column({ name: 'sealed_key', type: 'bytea' })
  sealedKey: Buffer;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
