import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { TooManyRequests } from '../common/common.errors.js';
import { DomainEvents } from '../events/domain-events.js';
import { LinkInvalid } from '../links/links.errors.js';
import { OneTimeLinks } from '../links/one-time-links.service.js';
import { AskedMails, PACE_SECONDS } from '../mail/asked-mails.js';
import type { Envelope } from '../mail/envelope.js';
import { SAMPLE_LINK } from '../mail/letters.js';
import { Outbox } from '../mail/outbox.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { CHANGE_EMAIL } from './email-change.service.js';

const VERIFY_EMAIL = 'verify-email';
/** Only the mail worker finds out what an address stands for; pending registrations answer this one too. */
const VERIFICATION_REQUEST = 'verification-request';

/** Proves that people own the address they registered with (parity EV-01 to EV-05). */
@Injectable()
export class EmailVerification implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly askedMails: AskedMails,
    private readonly links: OneTimeLinks,
    private readonly users: UsersService,
    private readonly events: DomainEvents,
  ) {}

  onModuleInit(): void {
    this.links.define({
      name: VERIFY_EMAIL,
      page: 'verify-email',
      lock: (id, manager) => this.users.lock(id, manager),
      redeem: async (link, manager) => {
        const { subjectId: id, address } = link;
        if (await this.users.verifyEmail(id, address, 'link', manager)) return;
        // A letter that was being written while the address changed brings a link that outlived the change.
        if (!(await this.users.isAddressOf(id, address, manager))) throw new LinkInvalid();
      },
    });
    this.events.on('user.registered', async ({ userId }, manager) => {
      await this.outbox.queue(VERIFY_EMAIL, { userId }, manager);
    });
    this.outbox.define(join(import.meta.dirname, 'templates'), {
      [VERIFY_EMAIL]: { kind: 'required', sample: SAMPLE_LINK },
    });
    this.outbox.compose(VERIFY_EMAIL, async ({ userId, redirectTo }: LetterData, manager) =>
      this.write(await this.users.findById(userId, manager), redirectTo, manager),
    );
    this.outbox.compose(VERIFICATION_REQUEST, async ({ email, redirectTo }: VerificationRequest, manager) =>
      this.write(await this.users.findByEmail(email, manager), redirectTo, manager),
    );
  }

  /**
   * Mails the link again, to the address that waits for its proof: the new one of a change, or one's own. Nothing
   * to prove: nothing is mailed. @throws RedirectNotAllowed, TooManyRequests more often than once a minute
   */
  async requestForUser(user: User, redirectTo?: string): Promise<void> {
    this.links.requireAllowedRedirect(redirectTo);
    if (user.pendingEmail === null && user.emailVerifiedAt !== null) return;
    const recipient = user.pendingEmail ?? user.email;
    const asked = { key: `${VERIFY_EMAIL} ${user.id}`, recipient };
    const letter = user.pendingEmail === null ? VERIFY_EMAIL : CHANGE_EMAIL;
    const data = { userId: user.id, email: recipient, redirectTo };
    const queued = await this.askedMails.queue(letter, data, asked);
    if (!queued) throw new TooManyRequests(PACE_SECONDS);
  }

  /**
   * The same for somebody who is not signed in: one cost and no answer for every address, at the same pace.
   * @throws RedirectNotAllowed
   */
  async requestForAddress(email: string, redirectTo?: string): Promise<void> {
    this.links.requireAllowedRedirect(redirectTo);
    const asked = { key: `${VERIFICATION_REQUEST} ${email.toLowerCase()}`, recipient: email };
    await this.askedMails.queue(VERIFICATION_REQUEST, { email, redirectTo }, asked);
  }

  private async write(
    user: User | null,
    redirectTo: string | undefined,
    manager: EntityManager,
  ): Promise<Envelope | null> {
    if (!user || user.emailVerifiedAt !== null) return null;
    const subject = { id: user.id, address: user.email, redirectTo };
    const variables = await this.links.issue(VERIFY_EMAIL, subject, manager);
    return { letter: VERIFY_EMAIL, to: user.email, person: user, variables, uninvited: true };
  }
}

interface LetterData {
  userId: string;
  redirectTo?: string;
}

interface VerificationRequest {
  email: string;
  redirectTo?: string;
}
