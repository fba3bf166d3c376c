import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { LinkInvalid } from '../links/links.errors.js';
import type { OneTimeLink } from '../links/one-time-link.entity.js';
import { OneTimeLinks } from '../links/one-time-links.service.js';
import type { Envelope } from '../mail/envelope.js';
import { SAMPLE_LINK } from '../mail/letters.js';
import { Outbox } from '../mail/outbox.js';
import { EmailTaken, UsernameTaken } from '../users/users.errors.js';
import { type NewUser, UsersService } from '../users/users.service.js';
import { PendingRegistration } from './pending-registration.entity.js';
import { RegistrationService } from './registration.service.js';

export const CONFIRM_REGISTRATION = 'confirm-registration';
const ACCOUNT_EXISTS = 'account-exists';
/** In place of a hash: this registration makes no account. */
const NO_PASSWORD = '';

/** What becomes of a pending registration: its letter, and the account once the letter's link is opened. */
@Injectable()
export class RegistrationConfirmation implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly links: OneTimeLinks,
    private readonly users: UsersService,
    private readonly registrations: RegistrationService,
  ) {}

  onModuleInit(): void {
    this.links.define({
      name: CONFIRM_REGISTRATION,
      page: 'verify-email',
      redeem: (link, manager) => this.confirm(link, manager),
    });
    this.outbox.define(join(import.meta.dirname, 'templates'), {
      [CONFIRM_REGISTRATION]: { kind: 'required', sample: SAMPLE_LINK },
      [ACCOUNT_EXISTS]: { kind: 'required' },
    });
    this.outbox.compose('verification-request', (data: { email: string }, manager) =>
      this.writeAgain(data.email, manager),
    );
    this.outbox.compose(CONFIRM_REGISTRATION, ({ id }: { id: string }, manager) => this.write(id, manager));
  }

  private async write(id: string, manager: EntityManager): Promise<Envelope | null> {
    const pending = await manager.findOneBy(PendingRegistration, { id });
    if (!pending) return null;
    const owner = await this.users.findByEmail(pending.email, manager);
    if (owner) {
      // It stays for a further attempt to tell the owner, without the stranger's password.
      await manager.update(PendingRegistration, { id }, { passwordHash: NO_PASSWORD });
      return { letter: ACCOUNT_EXISTS, to: owner.email, person: owner, uninvited: true };
    }
    if (pending.passwordHash === NO_PASSWORD) return null;
    const variables = await this.links.issue(CONFIRM_REGISTRATION, { id, address: pending.email }, manager);
    return { letter: CONFIRM_REGISTRATION, to: pending.email, person: pending, variables, uninvited: true };
  }

  /**
   * The link of a registration again, if there is only one: of several each has its own password, and the owner of
   * the mailbox must not open a stranger's by asking for their own.
   */
  private async writeAgain(email: string, manager: EntityManager): Promise<Envelope | null> {
    const query = manager
      .createQueryBuilder(PendingRegistration, 'p')
      .where('lower(p.email) = lower(:email)', { email })
      .andWhere('p.passwordHash <> :none', { none: NO_PASSWORD });
    const [pending, rival] = await query.limit(2).getMany();
    return pending && !rival ? this.write(pending.id, manager) : null;
  }

  /** The mailbox is proven: the account is made, and whoever else wanted this address is dropped. */
  private async confirm({ subjectId, address }: OneTimeLink, manager: EntityManager): Promise<void> {
    const pending = await manager.findOneBy(PendingRegistration, { id: subjectId });
    if (!pending || (await this.users.findByEmail(address, manager))) throw new LinkInvalid();
    await manager.query('DELETE FROM pending_registrations WHERE lower(email) = lower($1)', [address]);
    const { username, firstName, lastName, createdIp, passwordHash } = pending;
    const user = { email: address, username, firstName, lastName, createdIp, emailVerified: true };
    await this.createAccount(user, passwordHash, manager);
  }

  /** In a savepoint, so that a username taken meanwhile is no dead end: the person picks another one later. */
  private async createAccount(user: NewUser, passwordHash: string, manager: EntityManager): Promise<void> {
    try {
      await manager.transaction((nested) => this.registrations.create(user, passwordHash, nested));
    } catch (error) {
      if (error instanceof EmailTaken) throw new LinkInvalid();
      if (!(error instanceof UsernameTaken)) throw error;
      await this.createAccount({ ...user, username: null }, passwordHash, manager);
    }
  }
}
