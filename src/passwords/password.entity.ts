import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A user's password hash, apart from the user so that it cannot leave with one. No row: no password. */
@Entity('passwords')
export class Password {
  @PrimaryColumn('uuid', { name: 'user_id' })
  userId: string;

  /** PHC string (argon2id), or an imported hash until the next sign-in. */
  @Column({ type: 'text' })
  hash: string;

  @Column({ name: 'changed_at', type: 'timestamptz' })
  changedAt: Date;
}
