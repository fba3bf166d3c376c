import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { currentOrigin } from '../common/request-context.js';
import { DomainEvents } from '../events/domain-events.js';
import { LinkInvalid } from '../links/links.errors.js';
import type { OneTimeLink } from '../links/one-time-link.entity.js';
import { OneTimeLinks } from '../links/one-time-links.service.js';
import type { Envelope } from '../mail/envelope.js';
import { SAMPLE_LINK } from '../mail/letters.js';
import { Outbox } from '../mail/outbox.js';
import { Notices } from '../notices/notices.service.js';
import { type Occasion, occasion, occasionVariables, SAMPLE_OCCASION } from '../notices/occasion.js';
import { MailRecipients } from '../users/mail-recipients.service.js';
import type { User } from '../users/user.entity.js';
import { EmailTaken } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';

const UNDO_EMAIL = 'undo-email';
/** The same for an address that was never proven: its mailbox may be a stranger's. */
const UNDO_UNPROVEN_EMAIL = 'undo-unproven-email';
const UNDO_TTL_MINUTES = 7 * 1440;

/** What the old address is told: that a change was asked for, and that it was made. */
const CHANGE_LETTERS = ['email-change-requested', 'email-changed'] as const;
type ChangeLetter = (typeof CHANGE_LETTERS)[number];
const REVERTED = 'email-reverted';
const TEMPLATES = join(import.meta.dirname, 'templates');

/** Tells the old address of each step of a change, with a link by which it is back, for a week (parity AC-03). */
@Injectable()
export class EmailUndo implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly links: OneTimeLinks,
    private readonly users: UsersService,
    private readonly recipients: MailRecipients,
    private readonly events: DomainEvents,
    private readonly notices: Notices,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    for (const name of [UNDO_EMAIL, UNDO_UNPROVEN_EMAIL]) {
      this.links.define({
        name,
        page: 'undo-email',
        ttlMinutes: UNDO_TTL_MINUTES,
        outlives: true,
        lock: (id, manager) => this.users.lock(id, manager),
        redeem: (link, manager) => this.undo(link, manager),
      });
    }
    const sample = { ...SAMPLE_LINK, ...SAMPLE_OCCASION, newEmail: 'new@example.com' };
    for (const letter of CHANGE_LETTERS) {
      this.outbox.define(TEMPLATES, { [letter]: { kind: 'notice', sample } });
      this.outbox.compose(letter, (data: LetterData, manager) => this.compose(letter, data, manager));
    }
    this.notices.on({
      on: 'email.reverted',
      letter: REVERTED,
      folder: TEMPLATES,
      sample: { oldEmail: 'old@example.com' },
      tell: ({ from, to }) => (from === to ? null : { to: from, variables: { oldEmail: to } }),
    });
  }

  /** Mails the address that `user` had before a change to `newEmail`. */
  async announce(
    letter: ChangeLetter,
    { id: userId, email: from, emailVerifiedAt }: User,
    newEmail: string,
    manager: EntityManager,
  ): Promise<void> {
    const purpose = emailVerifiedAt !== null ? UNDO_EMAIL : UNDO_UNPROVEN_EMAIL;
    const link = await this.links.reserve(purpose, { id: userId, address: from }, manager);
    const when = occasion(new Date(this.clock.nowMs()), currentOrigin());
    await this.outbox.queue(letter, { userId, from, newEmail, purpose, link, occasion: when }, manager);
  }

  /** Nobody is told of a change that was undone before: its link would make it again. */
  private async compose(
    letter: ChangeLetter,
    { userId, from, newEmail, purpose, link: reserved, occasion }: LetterData,
    manager: EntityManager,
  ): Promise<Envelope | null> {
    const person = await this.recipients.find(userId, manager);
    const link = person && (await this.links.issueReserved(purpose, reserved, manager));
    if (!link) return null;
    const variables = { ...link, ...occasionVariables(occasion), email: from, newEmail };
    return { letter, to: from, person, variables, uninvited: purpose === UNDO_UNPROVEN_EMAIL };
  }

  /**
   * The old address is back, whatever changed meanwhile, and all sessions end. Only who had proven it takes it from
   * somebody who has not, else whoever registered it first could take it from its owner, and has what was added since taken
   * away, by those who hear of it. A deleted account gets its address back, in case that it is restored, and takes it from
   * nobody.
   */
  private async undo(link: OneTimeLink, manager: EntityManager): Promise<void> {
    const { subjectId, address } = link;
    const user = await this.users.lock(subjectId, manager);
    if (!user) throw new LinkInvalid();
    const proven = link.purpose === UNDO_EMAIL;
    if (proven && !user.deletedAt) await this.users.dropUnprovenOwner(address, user.id, manager);
    await this.users.replaceEmail(user.id, address, proven, manager).catch(refuseTaken);
    const since = proven ? await this.links.oldestLike(link, manager) : null;
    // Those of a thief's own further changes would take the account away again.
    await this.links.revokeYounger(link, manager);
    const event = { type: 'email.reverted', userId: user.id, from: user.email, to: address, since } as const;
    await this.events.publish(event, manager);
  }
}

interface LetterData {
  userId: string;
  /** The address before the change. */
  from: string;
  newEmail: string;
  purpose: string;
  /** The id of the reserved link. */
  link: string;
  occasion: Occasion;
}

/** Somebody else may have proven the address first; then a link proves nothing any more. */
export function refuseTaken(error: unknown): never {
  throw error instanceof EmailTaken ? new LinkInvalid() : error;
}
