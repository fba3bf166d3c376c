import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A registration whose mailbox is not proven yet: no account, and nothing to sign in to. */
@Entity('pending_registrations')
export class PendingRegistration {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'text' })
  email: string;

  @Column({ type: 'text', nullable: true })
  username: string | null;

  @Column({ name: 'first_name', type: 'text', nullable: true })
  firstName: string | null;

  @Column({ name: 'last_name', type: 'text', nullable: true })
  lastName: string | null;

  /** Each has its own: the link that is opened decides which password counts. */
  @Column({ name: 'password_hash', type: 'text' })
  passwordHash: string;

  @Column({ name: 'created_ip', type: 'text', nullable: true })
  createdIp: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
