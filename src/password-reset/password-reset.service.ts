import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { LinkInvalid } from '../links/links.errors.js';
import { OneTimeLinks } from '../links/one-time-links.service.js';
import type { Envelope } from '../mail/envelope.js';
import { Outbox } from '../mail/outbox.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { UsersService } from '../users/users.service.js';

const RESET_PASSWORD = 'reset-password';
const PACE_SECONDS = 60;

/** A new password for somebody who can read the mail of their account (parity PW-01, PW-02). */
@Injectable()
export class PasswordReset implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly links: OneTimeLinks,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly events: DomainEvents,
  ) {}

  onModuleInit(): void {
    this.links.define({ name: RESET_PASSWORD, page: 'reset-password' });
    this.outbox.compose(RESET_PASSWORD, (data: ResetRequest, manager) => this.compose(data, manager));
  }

  /**
   * Queues the mail: one cost and no answer for every address, at most one a minute. Only the mail worker finds out
   * whether there is an account. @throws RedirectNotAllowed
   */
  async request(email: string, redirectTo?: string): Promise<void> {
    this.links.requireAllowedRedirect(redirectTo);
    const pace = { key: `${RESET_PASSWORD} ${email.toLowerCase()}`, seconds: PACE_SECONDS };
    await this.outbox.queue(RESET_PASSWORD, { email, redirectTo }, this.database.manager, pace);
  }

  /**
   * Sets the password; the address counts as proven and every session ends. A password that breaks the rules
   * leaves the link good. @throws LinkInvalid, WeakPassword, Overloaded
   */
  async reset(token: string, password: string): Promise<void> {
    const { subjectId } = await this.links.peek('reset-password', token);
    const user = await this.users.findById(subjectId);
    if (!user) throw new LinkInvalid();
    const hash = await this.passwords.hashNew(password, user, 'password');
    await this.database.transaction(async (manager) => {
      const { address } = await this.links.consume('reset-password', token, manager);
      await this.passwords.store(user.id, hash, manager);
      // A letter that was being written while the address changed brings a link that outlived the change.
      if (!(await this.users.isAddressOf(user.id, address, manager))) throw new LinkInvalid();
      await this.users.verifyEmail(user.id, address, 'reset', manager);
      await this.events.publish({ type: 'password.reset', userId: user.id }, manager);
    });
  }

  private async compose(
    { email, redirectTo }: ResetRequest,
    manager: EntityManager,
  ): Promise<Envelope | null> {
    const user = await this.users.findByEmail(email, manager);
    if (!user) return null;
    const subject = { id: user.id, address: user.email, redirectTo };
    const variables = await this.links.issue(RESET_PASSWORD, subject, manager);
    await this.events.publish({ type: 'password.reset.requested', userId: user.id }, manager);
    return { letter: RESET_PASSWORD, to: user.email, person: user, variables };
  }
}

interface ResetRequest {
  email: string;
  redirectTo?: string;
}
