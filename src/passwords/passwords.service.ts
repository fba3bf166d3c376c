import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { NIL } from 'uuid';
import { Database } from '../database/database.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { Limits } from '../limits/limits.js';
import type { User } from '../users/user.entity.js';
import { Password } from './password.entity.js';
import { whyUnusable } from './hashes/read-hash.js';
import { PasswordHasher } from './password-hasher.js';
import { type PasswordOwner, PasswordPolicy } from './password-policy.js';
import { Overloaded } from '../common/common.errors.js';
import { HashNotSupported, PasswordIncorrect, SamePassword } from './passwords.errors.js';
import { UnusableHashes } from './unusable-hashes.js';

const OWN_PASSWORD = ['own-password', 'own-password-hour'] as const;

/** Sets, checks and changes passwords. No database connection is held while one is hashed. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly database: Database,
    private readonly hasher: PasswordHasher,
    private readonly policy: PasswordPolicy,
    private readonly unusable: UnusableHashes,
    private readonly events: DomainEvents,
    private readonly limits: Limits,
  ) {}

  /** Whether `password` is that user's. */
  async verify(userId: string, password: string): Promise<boolean> {
    return (await this.match(userId, password)) !== null;
  }

  /**
   * A mark of the stored hash that `password` matches, for `isStill`; null when it is wrong. Null for `userId`, nobody,
   * costs the same and is always wrong. A hash that was imported or is weaker than today's is replaced on the way.
   */
  async match(userId: string | null, password: string): Promise<Buffer | null> {
    const hash = await this.findHash(userId ?? NIL);
    const matches = await this.hasher.verify(password, hash);
    if (userId === null || hash === null) return null;
    if (matches) return this.hasher.needsUpgrade(hash) ? this.upgrade(userId, hash, password) : markOf(hash);
    await this.unusable.look(userId, hash);
    return null;
  }

  /**
   * Whether the hash that a password matched is stored still; it then stays until the caller's transaction ends, and
   * the person's row is theirs. So a reset either refuses a sign-in under way with the old password, or ends the session
   * it opens.
   */
  async isStill(userId: string, mark: Buffer, manager: EntityManager): Promise<boolean> {
    const sql = `SELECT p.hash FROM users u JOIN passwords p ON p.user_id = u.id WHERE u.id = $1
      FOR NO KEY UPDATE OF u FOR SHARE OF p`;
    const [row] = await manager.query<{ hash: string }[]>(sql, [userId]);
    return row !== undefined && timingSafeEqual(markOf(row.hash), mark);
  }

  /**
   * `match`, for the password of somebody who is signed in; wrong ones are counted and told.
   * @throws PasswordIncorrect, BudgetSpent
   */
  async requireMatch(userId: string, password: string): Promise<Buffer> {
    const charges = OWN_PASSWORD.map((budget) => [budget, userId] as const);
    const spent = await this.limits.spend(...charges);
    const mark = await this.match(userId, password).catch(async (error: unknown) => {
      await this.limits.refundAfter(error, spent);
      throw error;
    });
    if (mark === null) {
      await this.events.record({ type: 'password.refused', userId });
      throw new PasswordIncorrect();
    }
    await this.limits.clear(...charges);
    return mark;
  }

  /** `isStill`. @throws PasswordIncorrect */
  async requireStill(userId: string, mark: Buffer, manager: EntityManager): Promise<void> {
    if (!(await this.isStill(userId, mark, manager))) throw new PasswordIncorrect();
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
    const mark = await this.requireMatch(userId, password);
    return this.database.transaction(async (manager) => {
      await this.requireStill(userId, mark, manager);
      return work(manager);
    });
  }

  /** Whether the person has one at all. */
  async has(userId: string): Promise<boolean> {
    return (await this.findHash(userId)) !== null;
  }

  /** The hash to store for a new password. @throws WeakPassword */
  async hashNew(password: string, owner: PasswordOwner, field: 'password' | 'newPassword'): Promise<string> {
    await this.policy.assert(password, owner, field);
    return this.hasher.hash(password);
  }

  /**
   * Stores a hash, whatever was there before: an imported one too, if it is of a kind and a cost that can be verified
   * (docs/passwords.md). @throws HashNotSupported
   */
  async store(userId: string, hash: string, manager: EntityManager): Promise<void> {
    const why = whyUnusable(hash);
    if (why !== null) throw new HashNotSupported(why);
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
    const mark = await this.requireMatch(user.id, currentPassword);
    if (newPassword.normalize('NFC') === currentPassword.normalize('NFC')) throw new SamePassword();
    const hash = await this.hashNew(newPassword, user, 'newPassword');
    await this.database.transaction(async (manager) => {
      // Of two changes at once only the first still finds the hash that its caller knew.
      await this.requireStill(user.id, mark, manager);
      await this.store(user.id, hash, manager);
      await this.events.publish({ type: 'password.changed', userId: user.id, exceptSid }, manager);
    });
  }

  /**
   * Somebody else may have replaced the hash first, by upgrading it too or by a new password: then look again.
   * Where there is too much to do the old hash stays until the next time.
   */
  private async upgrade(userId: string, from: string, password: string): Promise<Buffer | null> {
    const to = await this.hashIfNotBusy(password);
    if (to === null) return markOf(from);
    const sql =
      'UPDATE passwords SET hash = $3, changed_at = now() WHERE user_id = $1 AND hash = $2 RETURNING user_id';
    const replaced = await changedRows(this.database, sql, [userId, from, to]);
    return replaced.length === 1 ? markOf(to) : this.match(userId, password);
  }

  private async hashIfNotBusy(password: string): Promise<string | null> {
    try {
      return await this.hasher.hash(password);
    } catch (error) {
      if (error instanceof Overloaded) return null;
      throw error;
    }
  }

  private async findHash(userId: string): Promise<string | null> {
    const password = await this.database.manager.findOneBy(Password, { userId });
    return password?.hash ?? null;
  }
}

/** Tells one stored hash from another, and nothing about the password. */
function markOf(hash: string): Buffer {
  return createHash('sha256').update(hash).digest();
}
