import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager, In, MoreThan } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { hashOfSecret, makeSecret } from '../common/random-secret.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows, columnsOf, hydrate } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { Limits } from '../limits/limits.js';
import { type LinkPage, linkUrl, requireAllowedRedirect } from './link-url.js';
import { LinkInvalid } from './links.errors.js';
import { OneTimeLink } from './one-time-link.entity.js';

interface LinkPurpose {
  /** Unique, e.g. `change-email`. */
  name: string;
  page: LinkPage;
  /** `VERIFY_TTL` or `RESET_TTL`, as its page says, unless said. */
  ttlMinutes?: number;
  /** Whether it outlives newer ones of its kind and changes of the account; only for undoing those. */
  outlives?: boolean;
  /** Locks whose link it is, in the transaction that spends it and before it is spent: it goes with changes of theirs. */
  lock?: (subjectId: string, manager: EntityManager) => Promise<unknown>;
  /** The effect, in the same transaction; throw LinkInvalid where it has none left. */
  redeem?: (link: OneTimeLink, manager: EntityManager) => Promise<void>;
}

interface LinkSubject {
  /** A user's id, or that of a pending registration. */
  id: string;
  /** The address that opening the link proves or brings back. */
  address: string;
  /** Where the link leads instead of its page, see `requireAllowedRedirect`. */
  redirectTo?: string;
}

/** What a letter says of a link: where it leads, and for how long it works. */
export type MailedLink = { link: URL; minutes: number };

/**
 * Links that work once (security.md, "One-time links"). Each page accepts only the purposes that were
 * defined for it; a newer link of a purpose replaces the older, and any change of the account kills all
 * but those that undo one.
 */
@Injectable()
export class OneTimeLinks implements OnModuleInit {
  private readonly purposes = new Map<string, LinkPurpose>();

  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
    private readonly housekeeping: Housekeeping,
    private readonly config: AppConfig,
    private readonly limits: Limits,
  ) {}

  onModuleInit(): void {
    this.housekeeping.addTable('one_time_links', 'expires_at < now()');
    const changes = [
      'password.changed', 'password.reset', 'email.changed', 'email.reverted', 'user.banned', 'user.unbanned',
      'user.deactivated',
    ] as const; // prettier-ignore
    for (const type of changes)
      this.events.on(type, (event, manager) => this.revokeAll(event.userId, manager));
    this.events.on('user.deleted', async (event, manager) => {
      await manager.delete(OneTimeLink, { subjectId: event.userId });
    });
  }

  define(purpose: LinkPurpose): void {
    this.purposes.set(purpose.name, purpose);
  }

  /** To be called before a letter with a `redirectTo` is queued. @throws RedirectNotAllowed */
  requireAllowedRedirect(redirectTo: string | undefined): void {
    requireAllowedRedirect(this.config, redirectTo);
  }

  /** Makes a link, and says for how long it works. Its secret (256 bits, base64url) is kept nowhere. */
  async issue(purpose: string, subject: LinkSubject, manager: EntityManager): Promise<MailedLink> {
    const secret = makeSecret();
    await this.insert(purpose, subject, secret, manager);
    return this.mailed(purpose, secret, subject.redirectTo);
  }

  /**
   * A link that comes into being with the change that it is about, and gets its secret when its letter is written: until
   * then nobody can open it, yet it can be revoked. Returns its id.
   */
  async reserve(purpose: string, subject: LinkSubject, manager: EntityManager): Promise<string> {
    return this.insert(purpose, subject, makeSecret(), manager);
  }

  /** Gives a reserved link a secret and its whole time; a secret that it had is dead. Null when it was used or revoked. */
  async issueReserved(purpose: string, id: string, manager: EntityManager): Promise<MailedLink | null> {
    const secret = makeSecret();
    const rows = await changedRows(
      manager,
      `UPDATE one_time_links SET token_hash = $3, expires_at = now() + make_interval(mins => $4)
       WHERE id = $1 AND purpose = $2 RETURNING id`,
      [id, purpose, hashOfSecret(secret), this.minutesOf(purpose)],
    );
    return rows.length === 1 ? this.mailed(purpose, secret) : null;
  }

  /** The link behind a secret, not spent yet; for checks that must come before `consume`. @throws LinkInvalid */
  async peek(page: LinkPage, secret: string): Promise<OneTimeLink> {
    return this.counted(() => this.find(page, secret));
  }

  /** Spends a link; of several attempts at once a single one gets it. @throws LinkInvalid */
  async consume(page: LinkPage, secret: string, manager: EntityManager): Promise<OneTimeLink> {
    const [row] = await changedRows(
      manager,
      `DELETE FROM one_time_links l
       WHERE l.token_hash = $1 AND l.purpose = ANY($2) AND l.expires_at > now()
       RETURNING ${columnsOf(this.database, OneTimeLink, 'l')}`,
      [hashOfSecret(secret), this.of(page)],
    );
    if (!row) throw new LinkInvalid();
    return hydrate(this.database, OneTimeLink, 'l', row);
  }

  /** Spends a link and has its purpose take effect, both or neither. @throws LinkInvalid */
  async redeem(page: LinkPage, secret: string): Promise<void> {
    await this.counted(async () => {
      const found = await this.find(page, secret);
      const { lock, redeem } = this.require(found.purpose);
      await this.database.transaction(async (manager) => {
        await lock?.(found.subjectId, manager);
        const link = await this.consume(page, secret, manager);
        await redeem?.(link, manager);
      });
    });
  }

  /** Kills the links of one purpose, e.g. when a change is called off. */
  async revoke(purpose: string, subjectId: string, manager: EntityManager): Promise<void> {
    await manager.delete(OneTimeLink, { purpose, subjectId });
  }

  /** When the oldest of the links came into being that do the same, `link` among them. */
  async oldestLike(
    { purpose, subjectId, address, createdAt }: OneTimeLink,
    manager: EntityManager,
  ): Promise<Date> {
    const where = { purpose: In(this.of(this.require(purpose).page)), subjectId, address };
    const oldest = await manager.findOne(OneTimeLink, { where, order: { createdAt: 'ASC' } });
    return oldest && oldest.createdAt < createdAt ? oldest.createdAt : createdAt;
  }

  /** Kills the links to the same page about the same subject that are younger than `link`. */
  async revokeYounger({ purpose, subjectId, createdAt }: OneTimeLink, manager: EntityManager): Promise<void> {
    const purposes = this.of(this.require(purpose).page);
    await manager.delete(OneTimeLink, { purpose: In(purposes), subjectId, createdAt: MoreThan(createdAt) });
  }

  /** Looks for a link by `look`; what does not work counts as a guess. @throws BudgetSpent */
  private async counted<T>(look: () => Promise<T>): Promise<T> {
    const spent = await this.limits.spendHere('link-guesses');
    let isGuess = false;
    try {
      return await look();
    } catch (error) {
      isGuess = error instanceof LinkInvalid;
      throw error;
    } finally {
      if (!isGuess) await this.limits.refund(spent);
    }
  }

  private async find(page: LinkPage, secret: string): Promise<OneTimeLink> {
    const query = this.database.manager.createQueryBuilder(OneTimeLink, 'l');
    query.where('l.tokenHash = :hash AND l.expiresAt > now()', { hash: hashOfSecret(secret) });
    const link = await query.andWhere('l.purpose IN (:...purposes)', { purposes: this.of(page) }).getOne();
    if (!link) throw new LinkInvalid();
    return link;
  }

  private async revokeAll(subjectId: string, manager: EntityManager): Promise<void> {
    const lasting = [...this.purposes.values()].filter(({ outlives }) => outlives).map(({ name }) => name);
    await manager.query('DELETE FROM one_time_links WHERE subject_id = $1 AND purpose <> ALL($2)', [
      subjectId,
      lasting,
    ]);
  }

  private async insert(
    purpose: string,
    { id, address }: LinkSubject,
    secret: string,
    manager: EntityManager,
  ): Promise<string> {
    const slot = this.require(purpose).outlives ? null : `${purpose} ${id}`;
    const link = uuidv7();
    await manager.query(
      `INSERT INTO one_time_links (id, purpose, slot, token_hash, subject_id, address, expires_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(mins => $7), now())
       ON CONFLICT (slot) DO UPDATE SET id = excluded.id, token_hash = excluded.token_hash,
         address = excluded.address, expires_at = excluded.expires_at, created_at = excluded.created_at`,
      [link, purpose, slot, hashOfSecret(secret), id, address, this.minutesOf(purpose)],
    );
    return link;
  }

  private mailed(purpose: string, secret: string, redirectTo?: string): MailedLink {
    const { page } = this.require(purpose);
    return { link: linkUrl(this.config, page, secret, redirectTo), minutes: this.minutesOf(purpose) };
  }

  private minutesOf(purpose: string): number {
    const { page, ttlMinutes } = this.require(purpose);
    const { resetTtlMinutes, verifyTtlMinutes } = this.config.links;
    return ttlMinutes ?? (page === 'reset-password' ? resetTtlMinutes : verifyTtlMinutes);
  }

  private of(page: LinkPage): string[] {
    return [...this.purposes.values()].filter((purpose) => purpose.page === page).map(({ name }) => name);
  }

  private require(name: string): LinkPurpose {
    const purpose = this.purposes.get(name);
    if (!purpose) throw new Error(`No link purpose "${name}" is defined.`);
    return purpose;
  }
}
