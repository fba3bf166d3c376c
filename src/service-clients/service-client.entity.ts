import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a service client may do, each by its own scope (RFC 6749, section 3.3). */
export const SERVICE_CLIENT_SCOPES = ['tokens:introspect', 'tokens:revoke', 'revocations:read'] as const;

export type ServiceClientScope = (typeof SERVICE_CLIENT_SCOPES)[number];

/** Another service, which asks about tokens in its own name. */
@Entity('service_clients')
export class ServiceClient {
  /** UUIDv7; `client_id` in OAuth's words. A name, never a secret. */
  @PrimaryColumn('uuid')
  id: string;

  /** For the operator; unique. */
  @Column({ type: 'text' })
  name: string;

  /** SHA-256: the secret has 256 random bits, so nothing slower is needed. */
  @Column({ name: 'secret_hash', type: 'bytea' })
  secretHash: Buffer;

  @Column({ type: 'text', array: true })
  scopes: ServiceClientScope[];

  @Column({ name: 'created_at', type: 'timestamptz', insert: false })
  createdAt: Date;
}
