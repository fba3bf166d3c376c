import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { User } from './user.entity.js';

/** What a letter may need to know of a person. */
export type MailRecipient = Pick<
  User,
  'id' | 'email' | 'emailVerifiedAt' | 'username' | 'firstName' | 'lastName'
>;

/** People as those who get mail. */
@Injectable()
export class MailRecipients {
  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
  ) {}

  /** Also of somebody who has just been deleted: they are told. Null when nothing is left of them. */
  async find(id: string, manager: EntityManager): Promise<MailRecipient | null> {
    const select = { id: true, email: true, emailVerifiedAt: true, username: true, firstName: true } as const;
    return manager.findOne(User, { select: { ...select, lastName: true }, where: { id } });
  }

  /** Whether whoever has this address gets only mail that they need (parity ML-05). */
  async isBlocked(email: string, manager: EntityManager = this.database.manager): Promise<boolean> {
    const sql = 'SELECT 1 FROM users WHERE lower(email) = lower($1) AND mail_blocked LIMIT 1';
    return (await manager.query<unknown[]>(sql, [email])).length === 1;
  }

  /** Blocks all mail but what is needed, or lets it through again. False when that was so before. */
  async setBlocked(id: string, blocked: boolean): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      const [row] = await changedRows(
        manager,
        `UPDATE users SET mail_blocked = $2, updated_at = now()
         WHERE id = $1 AND mail_blocked <> $2 AND deleted_at IS NULL RETURNING id`,
        [id, blocked],
      );
      const fields = ['mailBlocked'];
      if (row) await this.events.publish({ type: 'user.updated', userId: id, fields }, manager);
      return row !== undefined;
    });
  }
}
