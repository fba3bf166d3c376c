import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { NIL } from 'uuid';
import { Database } from '../database/database.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import type { User } from '../users/user.entity.js';
import { Password } from './password.entity.js';
import { PasswordHasher } from './password-hasher.js';
import { type PasswordOwner, PasswordPolicy } from './password-policy.js';
import { PasswordIncorrect, SamePassword } from './passwords.errors.js';

/** Sets, checks and changes passwords. No database connection is held while one is hashed. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly database: Database,
    private readonly hasher: PasswordHasher,
    private readonly policy: PasswordPolicy,
    private readonly events: DomainEvents,
  ) {}

  /** Whether `password` is that user's. */
  async verify(userId: string, password: string): Promise<boolean> {
    return (await this.match(userId, password)) !== null;
  }

  /**
   * The stored hash that `password` matches, for `isStill`; null when it is wrong. Null for `userId`, nobody, costs
   * the same and is always wrong. A hash that was imported or is weaker than today's is replaced on the way.
   */
  async match(userId: string | null, password: string): Promise<string | null> {
    const hash = await this.findHash(userId ?? NIL);
    const matches = await this.hasher.verify(password, hash);
    if (!matches || userId === null || hash === null) return null;
    return this.hasher.needsUpgrade(hash) ? this.upgrade(userId, hash, password) : hash;
  }

  /**
   * Whether the hash that a password matched is stored still; it then stays until the caller's transaction ends.
   * So a reset either refuses a sign-in under way with the old password, or ends the session it opens.
   */
  async isStill(userId: string, hash: string, manager: EntityManager): Promise<boolean> {
    const sql = 'SELECT 1 FROM passwords WHERE user_id = $1 AND hash = $2 FOR SHARE';
    const rows = await manager.query<unknown[]>(sql, [userId, hash]);
    return rows.length === 1;
  }

  /**
   * Does `work` for somebody who knows the password, in a transaction in which it stays as it is: what was asked for
   * with the old one is refused when a reset or a change came first. @throws PasswordIncorrect
   */
  async withPassword<T>(
    userId: string,
    password: string,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    const hash = await this.match(userId, password);
    if (hash === null) throw new PasswordIncorrect();
    return this.database.transaction(async (manager) => {
      if (!(await this.isStill(userId, hash, manager))) throw new PasswordIncorrect();
      return work(manager);
    });
  }

  /** The hash to store for a new password. @throws WeakPassword */
  async hashNew(password: string, owner: PasswordOwner, field: 'password' | 'newPassword'): Promise<string> {
    this.policy.assert(password, owner, field);
    return this.hasher.hash(password);
  }

  /** Stores a hash, an imported one too, whatever was there before. */
  async store(userId: string, hash: string, manager: EntityManager): Promise<void> {
    await manager.query(
      `INSERT INTO passwords (user_id, hash) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = now()`,
      [userId, hash],
    );
  }

  /**
   * Changes one's own password; all sessions but `exceptSid` end with it (parity PW-04).
   * @throws PasswordIncorrect, SamePassword, WeakPassword
   */
  async change(user: User, currentPassword: string, newPassword: string, exceptSid: string): Promise<void> {
    const current = await this.findHash(user.id);
    if (!(await this.hasher.verify(currentPassword, current)) || current === null)
      throw new PasswordIncorrect();
    if (newPassword.normalize('NFC') === currentPassword.normalize('NFC')) throw new SamePassword();
    const hash = await this.hashNew(newPassword, user, 'newPassword');
    await this.database.transaction(async (manager) => {
      // Of two changes at once only the first still finds the hash that its caller knew.
      if (!(await this.replace(user.id, current, hash, manager))) throw new PasswordIncorrect();
      await this.events.publish({ type: 'password.changed', userId: user.id, exceptSid }, manager);
    });
  }

  /** Somebody else may have replaced the hash first, by upgrading it too or by a new password: then look again. */
  private async upgrade(userId: string, from: string, password: string): Promise<string | null> {
    const to = await this.hasher.hash(password);
    return (await this.replace(userId, from, to, this.database.manager)) ? to : this.match(userId, password);
  }

  private async findHash(userId: string): Promise<string | null> {
    const password = await this.database.manager.findOneBy(Password, { userId });
    return password?.hash ?? null;
  }

  private async replace(userId: string, from: string, to: string, manager: EntityManager): Promise<boolean> {
    const sql =
      'UPDATE passwords SET hash = $3, changed_at = now() WHERE user_id = $1 AND hash = $2 RETURNING user_id';
    return (await changedRows(manager, sql, [userId, from, to])).length === 1;
  }
}
