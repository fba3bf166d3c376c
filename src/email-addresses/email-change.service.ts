import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { LinkInvalid } from '../links/links.errors.js';
import type { OneTimeLink } from '../links/one-time-link.entity.js';
import { OneTimeLinks } from '../links/one-time-links.service.js';
import type { Envelope } from '../mail/envelope.js';
import { SAMPLE_LINK } from '../mail/letters.js';
import { Outbox } from '../mail/outbox.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { EmailUndo, refuseTaken } from './email-undo.service.js';

/** The link and the letter that prove a new address. */
export const CHANGE_EMAIL = 'change-email';
const ADDRESS_IN_USE = 'address-in-use';
const CHANGE_TTL_MINUTES = 60;

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
    private readonly undo: EmailUndo,
  ) {}

  onModuleInit(): void {
    this.links.define({
      name: CHANGE_EMAIL,
      page: 'verify-email',
      ttlMinutes: CHANGE_TTL_MINUTES,
      lock: (id, manager) => this.users.lock(id, manager),
      redeem: (link, manager) => this.complete(link, manager),
    });
    this.outbox.define(join(import.meta.dirname, 'templates'), {
      [CHANGE_EMAIL]: { kind: 'required', sample: SAMPLE_LINK },
      [ADDRESS_IN_USE]: { kind: 'required' },
    });
    this.outbox.compose(CHANGE_EMAIL, (data: LetterData, manager) => this.compose(data, manager));
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
      const changing = await this.users.setPendingEmail(user.id, email, manager);
      await this.links.revoke(CHANGE_EMAIL, user.id, manager);
      if (changing) await this.announce(changing, email, redirectTo, manager);
    });
  }

  /** Calls a change off; there need not be one. */
  async cancel(user: User): Promise<void> {
    await this.database.transaction(async (manager) => {
      await this.users.setPendingEmail(user.id, null, manager);
      await this.links.revoke(CHANGE_EMAIL, user.id, manager);
    });
  }

  private async announce(
    user: User,
    to: string,
    redirectTo: string | undefined,
    manager: EntityManager,
  ): Promise<void> {
    await this.outbox.queue(CHANGE_EMAIL, { userId: user.id, email: to, redirectTo }, manager);
    await this.undo.announce('email-change-requested', user, to, manager);
    const event = { type: 'email.change.requested', userId: user.id, from: user.email, to } as const;
    await this.events.publish(event, manager);
  }

  private async complete({ subjectId, address }: OneTimeLink, manager: EntityManager): Promise<void> {
    const user = await this.users.lock(subjectId, manager);
    if (user?.pendingEmail !== address) throw new LinkInvalid();
    await this.users.replaceEmail(user.id, address, true, manager).catch(refuseTaken);
    await this.undo.announce('email-changed', user, address, manager);
    const event = { type: 'email.changed', userId: user.id, from: user.email, to: address } as const;
    await this.events.publish(event, manager);
  }

  /** A letter to an address that is not wanted any more is not sent to the next one, for which it was not counted. */
  private async compose(
    { userId, email, redirectTo }: LetterData,
    manager: EntityManager,
  ): Promise<Envelope | null> {
    const user = await this.users.findById(userId, manager);
    if (!user || user.pendingEmail !== email) return null;
    const owner = await this.users.findByEmail(email, manager);
    if (owner && owner.id !== userId) {
      return { letter: ADDRESS_IN_USE, to: owner.email, person: owner, uninvited: true };
    }
    const subject = { id: userId, address: email, redirectTo };
    const variables = await this.links.issue(CHANGE_EMAIL, subject, manager);
    return { letter: CHANGE_EMAIL, to: email, person: user, variables, uninvited: true };
  }
}

interface LetterData {
  userId: string;
  /** The new address. */
  email: string;
  redirectTo?: string;
}
