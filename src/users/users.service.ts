import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { changedRows, columnsOf, hydrate } from '../database/rows.js';
import { violatedIndex } from '../database/unique-violation.js';
import { DomainEvents } from '../events/domain-events.js';
import { parseLogin } from './login.js';
import { User } from './user.entity.js';
import { EmailTaken, UsernameTaken } from './users.errors.js';

export interface NewUser {
  /** Canonical, see `parseEmailAddress`. */
  email: string;
  username?: string | null;
  firstName?: string | null;
  lastName?: string | null;
  emailVerified?: boolean;
  createdIp?: string | null;
}

export type Profile = Partial<Pick<User, 'firstName' | 'lastName' | 'username'>>;

const PROFILE_COLUMNS = { firstName: 'first_name', lastName: 'last_name', username: 'username' } as const;
const PROFILE_FIELDS = Object.keys(PROFILE_COLUMNS) as (keyof Profile)[];

/** Finds and changes people. Deleted ones are never found. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
  ) {}

  /** Null also for text that is no id at all, as it may come out of a URL. */
  async findById(id: string, manager: EntityManager = this.database.manager): Promise<User | null> {
    if (!isUuid(id)) return null;
    return this.findWhere('u.id = :value', id, manager);
  }

  /**
   * Also somebody deleted; the row is the caller's until its transaction ends. Whoever changes more of theirs locks it
   * first, so that of two at once nobody waits for who waits for them.
   */
  async lock(id: string, manager: EntityManager): Promise<User | null> {
    const query = manager.createQueryBuilder(User, 'u').setLock('for_no_key_update');
    return query.where('u.id = :id', { id }).getOne();
  }

  /** By canonical address, without regard to case. */
  async findByEmail(email: string, manager: EntityManager = this.database.manager): Promise<User | null> {
    return this.findWhere('lower(u.email) = lower(:value)', email, manager);
  }

  async findByUsername(
    username: string,
    manager: EntityManager = this.database.manager,
  ): Promise<User | null> {
    return this.findWhere('lower(u.username) = lower(:value)', username, manager);
  }

  /** Whether nobody has it, deleted people included, as the unique indexes decide. */
  async isFree(attribute: 'email' | 'username', value: string): Promise<boolean> {
    const sql = `SELECT 1 FROM users WHERE lower(${attribute}) = lower($1)`;
    return (await this.database.query<unknown[]>(sql, [value])).length === 0;
  }

  /** By what people type to sign in, see `parseLogin`. */
  async findByLogin(login: string): Promise<User | null> {
    const { by, value } = parseLogin(login, this.config.users.loginAttribute);
    return by === 'email' ? this.findByEmail(value) : this.findByUsername(value);
  }

  /** @throws EmailTaken, UsernameTaken (decided by the unique indexes, deleted people included) */
  async create(user: NewUser, manager: EntityManager): Promise<User> {
    const { email, username = null, firstName = null, lastName = null, createdIp = null } = user;
    return this.write(
      `INSERT INTO users AS u (id, email, username, first_name, last_name, created_ip, email_verified_at)
       VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN now() END)`,
      [uuidv7(), email, username, firstName, lastName, createdIp, user.emailVerified ?? false],
      manager,
    ) as Promise<User>;
  }

  /** Changes the given fields only. Null when the user is gone. @throws UsernameTaken */
  async updateProfile(id: string, profile: Profile): Promise<User | null> {
    const fields = PROFILE_FIELDS.filter((field) => profile[field] !== undefined);
    if (fields.length === 0) return this.findById(id);
    const assignments = fields.map((field, index) => `${PROFILE_COLUMNS[field]} = $${index + 2}`).join(', ');
    return this.database.transaction(async (manager) => {
      const values = [id, ...fields.map((field) => profile[field] ?? null)];
      const user = await this.update(`${assignments}, updated_at = now()`, 'id = $1', values, manager);
      if (user) await this.events.publish({ type: 'user.updated', userId: id, fields }, manager);
      return user;
    });
  }

  /** Marks `email` as proven if it is still this user's and was not proven before; then `user.verified`, once. */
  async verifyEmail(
    id: string,
    email: string,
    by: 'link' | 'reset',
    manager: EntityManager,
  ): Promise<boolean> {
    const user = await this.update(
      'email_verified_at = now(), updated_at = now()',
      'id = $1 AND email = $2 AND email_verified_at IS NULL',
      [id, email],
      manager,
    );
    if (user) await this.events.publish({ type: 'user.verified', userId: id, email, by }, manager);
    return user !== null;
  }

  /** Whether `email` is this user's address; it then stays so until the caller's transaction ends. */
  async isAddressOf(id: string, email: string, manager: EntityManager): Promise<boolean> {
    const sql = 'SELECT 1 FROM users WHERE id = $1 AND email = $2 AND deleted_at IS NULL FOR NO KEY UPDATE';
    return (await manager.query<unknown[]>(sql, [id, email])).length === 1;
  }

  /** Replaces the address, which counts as proven or not; also that of somebody deleted. @throws EmailTaken */
  async replaceEmail(id: string, email: string, proven: boolean, manager: EntityManager): Promise<void> {
    await this.write(
      `UPDATE users AS u SET email = $2, email_verified_at = CASE WHEN $3 THEN now() END, pending_email = NULL,
         updated_at = now() WHERE id = $1`,
      [id, email, proven],
      manager,
    );
  }

  /** Notes the address that waits for its proof; null drops it, where there is one. */
  async setPendingEmail(id: string, email: string | null, manager: EntityManager): Promise<User | null> {
    const where = 'id = $1 AND ($2::text IS NOT NULL OR pending_email IS NOT NULL)';
    const user = await this.update('pending_email = $2, updated_at = now()', where, [id, email], manager);
    const fields = ['pendingEmail'];
    if (user) await this.events.publish({ type: 'user.updated', userId: id, fields }, manager);
    return user;
  }

  /** Removes another account that holds `email` without ever having proven it, so that its owner can have it back. */
  async dropUnprovenOwner(email: string, exceptId: string, manager: EntityManager): Promise<void> {
    const sql =
      'DELETE FROM users WHERE lower(email) = lower($1) AND email_verified_at IS NULL AND id <> $2 RETURNING id';
    for (const { id } of await changedRows(manager, sql, [email, exceptId])) {
      await this.events.publish({ type: 'user.deleted', userId: String(id) }, manager);
    }
  }

  /** Notes that a second factor is on; null when it was. The row is then the caller's until its transaction ends. */
  async addSecondFactor(id: string, method: string, manager: EntityManager): Promise<User | null> {
    const set = 'second_factors = second_factors || jsonb_build_object($2::text, now()), updated_at = now()';
    return this.update(set, 'id = $1 AND NOT second_factors ? $2', [id, method], manager);
  }

  /** Notes that it is off, also of somebody deleted. Null when it was. */
  async removeSecondFactor(id: string, method: string, manager: EntityManager): Promise<User | null> {
    const sql = `UPDATE users AS u SET second_factors = second_factors - $2::text, updated_at = now()
      WHERE id = $1 AND second_factors ? $2`;
    return this.write(sql, [id, method], manager);
  }

  /** Whether any is on; it then stays so until the caller's transaction ends. */
  async hasSecondFactor(id: string, manager: EntityManager): Promise<boolean> {
    const sql =
      "SELECT 1 FROM users WHERE id = $1 AND second_factors <> '{}' AND deleted_at IS NULL FOR NO KEY UPDATE";
    return (await manager.query<unknown[]>(sql, [id])).length === 1;
  }

  /** Bans; a repeat keeps the first date and reason and returns false. */
  async ban(id: string, reason: string | null = null): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      const set = 'banned_at = now(), ban_reason = $2, pending_email = NULL, updated_at = now()';
      const user = await this.update(set, 'id = $1 AND banned_at IS NULL', [id, reason], manager);
      if (user) await this.events.publish({ type: 'user.banned', userId: id, reason, until: null }, manager);
      return user !== null;
    });
  }

  /** Lifts a ban; the sessions that it ended stay ended (parity BT-13). False when there was none. */
  async unban(id: string): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      const set = 'banned_at = NULL, ban_reason = NULL, updated_at = now()';
      const user = await this.update(set, 'id = $1 AND banned_at IS NOT NULL', [id], manager);
      if (user) await this.events.publish({ type: 'user.unbanned', userId: id }, manager);
      return user !== null;
    });
  }

  /** Deletes softly or for good, by configuration (parity BD-04, BD-05). False when already gone. */
  async delete(id: string): Promise<boolean> {
    return this.database.transaction((manager) => this.deleteWithin(manager, id));
  }

  /** `delete`, as a part of the caller's transaction. */
  async deleteWithin(manager: EntityManager, id: string): Promise<boolean> {
    const set = 'deleted_at = now(), pending_email = NULL, updated_at = now()';
    const user = await this.update(set, 'id = $1', [id], manager);
    if (!user) return false;
    await this.events.publish({ type: 'user.deactivated', userId: id }, manager);
    if (this.config.users.softDelete) return true;
    // Before the sessions go with the row, and with them that in which it is done.
    await this.events.publish({ type: 'user.deleted', userId: id }, manager);
    await manager.query('DELETE FROM users WHERE id = $1', [id]);
    return true;
  }

  private async findWhere(condition: string, value: string, manager: EntityManager): Promise<User | null> {
    const query = manager.createQueryBuilder(User, 'u').where(condition, { value });
    return query.andWhere('u.deletedAt IS NULL').getOne();
  }

  private update(
    set: string,
    where: string,
    values: unknown[],
    manager: EntityManager,
  ): Promise<User | null> {
    return this.write(`UPDATE users AS u SET ${set} WHERE ${where} AND deleted_at IS NULL`, values, manager);
  }

  private async write(sql: string, values: unknown[], manager: EntityManager): Promise<User | null> {
    const returning = `${sql} RETURNING ${columnsOf(this.database, User, 'u')}`;
    try {
      const [row] = await changedRows(manager, returning, values);
      return row ? hydrate(this.database, User, 'u', row) : null;
    } catch (error) {
      const index = violatedIndex(error);
      if (index === 'users_email_key') throw new EmailTaken(error);
      if (index === 'users_username_key') throw new UsernameTaken(error);
      throw error;
    }
  }
}
