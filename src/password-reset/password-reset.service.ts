import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { currentOrigin, type RequestOrigin, runInContext } from '../common/request-context.js';
import { Database } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { LinkInvalid } from '../links/links.errors.js';
import { OneTimeLinks } from '../links/one-time-links.service.js';
import { AskedMails } from '../mail/asked-mails.js';
import type { Envelope } from '../mail/envelope.js';
import { SAMPLE_LINK } from '../mail/letters.js';
import { Outbox } from '../mail/outbox.js';
import { Notices } from '../notices/notices.service.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { UsersService } from '../users/users.service.js';

const RESET_PASSWORD = 'reset-password';
/** Of its own, so that no other mail holds up a reset; and when somebody has used up a day's, there is one an hour. */
const BUDGETS = ['resets-to', 'late-resets-to'] as const;

/** A new password for somebody who can read the mail of their account (parity PW-01, PW-02). */
@Injectable()
export class PasswordReset implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly askedMails: AskedMails,
    private readonly links: OneTimeLinks,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly events: DomainEvents,
    private readonly notices: Notices,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.links.define({ name: RESET_PASSWORD, page: 'reset-password' });
    const folder = join(import.meta.dirname, 'templates');
    this.outbox.define(folder, { [RESET_PASSWORD]: { kind: 'required', sample: SAMPLE_LINK } });
    this.notices.on({ on: 'password.reset', letter: 'password-was-reset', folder });
    this.outbox.compose(RESET_PASSWORD, (data: ResetRequest, manager) => this.compose(data, manager));
  }

  /**
   * Queues the mail: one cost and no answer for every address, at most one a minute. Only the mail worker finds out whether
   * there is an account, and whether it gets one more. @throws RedirectNotAllowed
   */
  async request(email: string, redirectTo?: string): Promise<void> {
    this.links.requireAllowedRedirect(redirectTo);
    const asked = { key: `${RESET_PASSWORD} ${email.toLowerCase()}`, recipient: email, budgets: BUDGETS };
    await this.askedMails.queue(RESET_PASSWORD, { email, redirectTo, origin: currentOrigin() }, asked);
  }

  /**
   * Sets the password; the address counts as proven and every session ends. A password that breaks the rules
   * leaves the link good. @throws LinkInvalid, WeakPassword, Overloaded
   */
  async reset(token: string, password: string): Promise<void> {
    const { subjectId, address } = await this.links.peek('reset-password', token);
    const user = await this.users.findById(subjectId);
    if (!user) throw new LinkInvalid();
    const hash = await this.passwords.hashNew(password, user, 'password');
    await this.database.transaction(async (manager) => {
      // A letter that was being written while the address changed brings a link that outlived the change.
      if (!(await this.users.isAddressOf(user.id, address, manager))) throw new LinkInvalid();
      await this.links.consume('reset-password', token, manager);
      await this.passwords.store(user.id, hash, manager);
      await this.users.verifyEmail(user.id, address, 'reset', manager);
      await this.events.publish({ type: 'password.reset', userId: user.id, via: 'reset' }, manager);
    });
  }

  /** Runs later, and again when the mail could not be sent; what it tells is that it was asked for, once. */
  private async compose(
    { email, redirectTo, origin }: ResetRequest,
    manager: EntityManager,
  ): Promise<Envelope | null> {
    const user = await this.users.findByEmail(email, manager);
    if (!user) return null;
    const subject = { id: user.id, address: user.email, redirectTo };
    const variables = await this.links.issue(RESET_PASSWORD, subject, manager);
    const expiresAt = new Date(this.clock.nowMs() + variables.minutes * 60_000);
    const event = { type: 'password.reset.requested', userId: user.id, expiresAt } as const;
    await runInContext(origin, () => this.events.publishOnce(event, manager));
    return { letter: RESET_PASSWORD, to: user.email, person: user, variables };
  }
}

interface ResetRequest {
  email: string;
  redirectTo?: string;
  origin: RequestOrigin | null;
}
