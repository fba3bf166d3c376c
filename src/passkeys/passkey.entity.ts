import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key pair of which the private half never leaves its authenticator: a phone, a computer, a security key. */
@Entity('passkeys')
export class Passkey {
  /** UUIDv7: what it is called here. */
  @PrimaryColumn('uuid')
  id: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  /** What its authenticator calls it. */
  @Column({ name: 'credential_id', type: 'bytea' })
  credentialId: Buffer;

  /** COSE_Key (RFC 9052). */
  @Column({ name: 'public_key', type: 'bytea' })
  publicKey: Buffer;

  /** Signatures that it has made, as it says itself; 0 for ever where it does not count. Text, as of a bigint. */
  @Column({ type: 'bigint' })
  counter: string;

  /** Whether it may be synchronised to further devices. */
  @Column({ name: 'device_type', type: 'text' })
  deviceType: 'singleDevice' | 'multiDevice';

  /** Whether it is. */
  @Column({ name: 'backed_up', type: 'boolean' })
  backedUp: boolean;

  /** How its authenticator can be reached, for browsers to look in the right place. */
  @Column({ type: 'text', array: true })
  transports: string[];

  /** The make of its authenticator, as it says itself; zeros where it does not. */
  @Column({ type: 'uuid' })
  aaguid: string;

  @Column({ type: 'text', nullable: true })
  name: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt: Date | null;
}
