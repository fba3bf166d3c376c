import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { LinkInvalid } from '../links/links.errors.js';
import type { OneTimeLink } from '../links/one-time-link.entity.js';
import { OneTimeLinks } from '../links/one-time-links.service.js';
import type { Envelope } from '../mail/envelope.js';
import { Outbox } from '../mail/outbox.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import type { User } from '../users/user.entity.js';
import { EmailTaken } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';

/** The link and the letter that prove a new address. */
export const CHANGE_EMAIL = 'change-email';
const UNDO_EMAIL = 'undo-email';
/** The same for an address that was never proven: its mailbox may be a stranger's. */
const UNDO_UNPROVEN_EMAIL = 'undo-unproven-email';
const CHANGE_REQUESTED = 'email-change-requested';

const CHANGE_TTL_MINUTES = 60;
const UNDO_TTL_MINUTES = 7 * 1440;

/** Changes an address: not before the new one is proven, and for a week the old one can take it back. */
@Injectable()
export class EmailChange implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly links: OneTimeLinks,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly events: DomainEvents,
  ) {}

  onModuleInit(): void {
    this.links.define({
      name: CHANGE_EMAIL,
      page: 'verify-email',
      ttlMinutes: CHANGE_TTL_MINUTES,
      redeem: (link, manager) => this.complete(link, manager),
    });
    for (const name of [UNDO_EMAIL, UNDO_UNPROVEN_EMAIL]) {
      this.links.define({
        name,
        page: 'undo-email',
        ttlMinutes: UNDO_TTL_MINUTES,
        outlives: true,
        redeem: (link, manager) => this.undo(link, manager),
      });
    }
    this.outbox.compose(CHANGE_EMAIL, (data: LetterData, manager) => this.composeChange(data, manager));
    this.outbox.compose(CHANGE_REQUESTED, (data: LetterData, manager) => this.composeNotice(data, manager));
    // Whoever changed the password may not be the one who asked for the new address (security.md, "Ownership").
    for (const type of ['password.changed', 'password.reset'] as const) {
      this.events.on(type, async ({ userId }, manager) => {
        await this.users.setPendingEmail(userId, null, manager);
      });
    }
  }

  /**
   * Notes the new address and mails both. A taken one is treated alike; only its owner learns of it.
   * @throws RedirectNotAllowed, PasswordIncorrect
   */
  async request(user: User, email: string, password: string, redirectTo?: string): Promise<void> {
    this.links.requireAllowedRedirect(redirectTo);
    await this.passwords.withPassword(user.id, password, async (manager) => {
      // Before the user, as wherever a link is opened: two that lock in turns would wait for each other.
      await this.links.revoke(CHANGE_EMAIL, user.id, manager);
      const changing = await this.users.setPendingEmail(user.id, email, manager);
      if (changing) await this.announce(changing, email, redirectTo, manager);
    });
  }

  /** Calls a change off; there need not be one. */
  async cancel(user: User): Promise<void> {
    await this.database.transaction(async (manager) => {
      await this.links.revoke(CHANGE_EMAIL, user.id, manager);
      await this.users.setPendingEmail(user.id, null, manager);
    });
  }

  private async announce(
    { id: userId, email: from, emailVerifiedAt, updatedAt }: User,
    to: string,
    redirectTo: string | undefined,
    manager: EntityManager,
  ): Promise<void> {
    const fromProven = emailVerifiedAt !== null;
    const data = { userId, from, fromProven, redirectTo, requestedAt: updatedAt.toISOString() };
    await this.outbox.queue(CHANGE_EMAIL, data, manager);
    await this.outbox.queue(CHANGE_REQUESTED, data, manager);
    await this.events.publish({ type: 'email.change.requested', userId, from, to }, manager);
  }

  private async complete({ subjectId, address }: OneTimeLink, manager: EntityManager): Promise<void> {
    const user = await this.users.findById(subjectId, manager);
    if (user?.pendingEmail !== address) throw new LinkInvalid();
    await this.replace(user.id, address, true, manager);
    const event = { type: 'email.changed', userId: user.id, from: user.email, to: address } as const;
    await this.events.publish(event, manager);
  }

  /**
   * The old address is back, whatever changed meanwhile, and all sessions end (parity AC-03). Only who had proven it
   * takes it from somebody who has not; else whoever registered it first could take it from its owner.
   */
  private async undo(link: OneTimeLink, manager: EntityManager): Promise<void> {
    const { subjectId, address } = link;
    const user = await this.users.findById(subjectId, manager);
    if (!user) throw new LinkInvalid();
    const proven = link.purpose === UNDO_EMAIL;
    if (proven) await this.users.dropUnprovenOwner(address, user.id, manager);
    await this.replace(user.id, address, proven, manager);
    // Those of a thief's own further changes would take the account away again.
    await this.links.revokeYounger(link, manager);
    const event = { type: 'email.reverted', userId: user.id, from: user.email, to: address } as const;
    await this.events.publish(event, manager);
  }

  /** Somebody else may have proven the address first; then this link proves nothing any more. */
  private async replace(id: string, address: string, proven: boolean, manager: EntityManager): Promise<void> {
    await this.users.replaceEmail(id, address, proven, manager).catch((error: unknown) => {
      throw error instanceof EmailTaken ? new LinkInvalid() : error;
    });
  }

  private async composeChange(
    { userId, redirectTo }: LetterData,
    manager: EntityManager,
  ): Promise<Envelope | null> {
    const user = await this.users.findById(userId, manager);
    if (!user?.pendingEmail) return null;
    const owner = await this.users.findByEmail(user.pendingEmail, manager);
    if (owner && owner.id !== userId) return { letter: 'account-exists', to: owner.email, person: owner };
    const subject = { id: userId, address: user.pendingEmail, redirectTo };
    const variables = await this.links.issue(CHANGE_EMAIL, subject, manager);
    return { letter: CHANGE_EMAIL, to: user.pendingEmail, person: user, variables };
  }

  private async composeNotice(
    { userId, from, fromProven, requestedAt }: LetterData,
    manager: EntityManager,
  ): Promise<Envelope | null> {
    const user = await this.users.findById(userId, manager);
    if (!user) return null;
    const subject = { id: userId, address: from, since: requestedAt };
    const purpose = fromProven ? UNDO_EMAIL : UNDO_UNPROVEN_EMAIL;
    const { link } = await this.links.issue(purpose, subject, manager);
    const variables = { link, newEmail: user.pendingEmail ?? user.email };
    return { letter: CHANGE_REQUESTED, to: from, person: user, variables };
  }
}

interface LetterData {
  userId: string;
  /** The address before the change. */
  from: string;
  fromProven?: boolean;
  /** ISO 8601. The letter may be written much later, yet its link must not count as younger than a thief's. */
  requestedAt?: string;
  redirectTo?: string;
}
