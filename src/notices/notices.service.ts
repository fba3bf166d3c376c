import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { currentOrigin } from '../common/request-context.js';
import type { DomainEvent, EventType } from '../events/domain-event.js';
import { DomainEvents } from '../events/domain-events.js';
import { originOf } from '../events/event-origin.js';
import type { Envelope, Person } from '../mail/envelope.js';
import { Outbox } from '../mail/outbox.js';
import { MailRecipients } from '../users/mail-recipients.service.js';
import type { EventNotice, NoticeDefinition, NoticeOptions } from './notice.js';
import { type Occasion, occasion, occasionVariables, SAMPLE_OCCASION, type Whence } from './occasion.js';

/**
 * Mails people what happened to their account, whoever did it (parity ML-03). A notice is queued with the change that
 * it tells of and carries all that it says, so it comes also when the account is gone by the time it is written.
 */
@Injectable()
export class Notices {
  constructor(
    private readonly events: DomainEvents,
    private readonly outbox: Outbox,
    private readonly recipients: MailRecipients,
    private readonly clock: Clock,
  ) {}

  /** Sends a notice whenever an event is published, in its transaction; call it from `onModuleInit`. */
  on<T extends EventType>({ on, tell, ...definition }: EventNotice<T>): void {
    this.define(definition);
    this.events.on(on, async (event, manager) => {
      const told = tell ? tell(event) : {};
      if (!told || event.userId === null) return;
      const whence = whenceOf(event);
      await this.send(definition.letter, event.userId, { ...told, whence }, manager);
    });
  }

  /** Tells of a notice that is sent by `send`; call it from `onModuleInit`. */
  define({ letter, folder, sample }: NoticeDefinition): void {
    this.outbox.define(folder, { [letter]: { kind: 'notice', sample: { ...SAMPLE_OCCASION, ...sample } } });
    this.outbox.compose(letter, async (data: QueuedNotice) => envelopeOf(letter, data));
  }

  /** Queues a notice in the caller's transaction; to nobody when nothing is left of the user. */
  async send(letter: string, userId: string, options: NoticeOptions, manager: EntityManager): Promise<void> {
    const recipient = await this.recipients.find(userId, manager);
    if (!recipient) return;
    const { emailVerifiedAt, ...person } = recipient;
    const { to = person.email, variables = {}, dates = {}, whence = currentOrigin() } = options;
    const { at = new Date(this.clock.nowMs()) } = options;
    const uninvited = to === person.email && emailVerifiedAt === null;
    const data = { to, person, uninvited, occasion: occasion(at, whence), variables, dates };
    await this.outbox.queue(letter, data, manager);
  }
}

/** As it waits in the outbox, where JSON has made text of dates. */
interface QueuedNotice {
  to: string;
  person: Person;
  uninvited: boolean;
  occasion: Occasion;
  variables: Record<string, string | number>;
  dates: Record<string, string>;
}

function envelopeOf(letter: string, { occasion, variables, dates, ...envelope }: QueuedNotice): Envelope {
  const moments = Object.entries(dates).map(([name, date]) => [name, new Date(date)] as const);
  const said = { ...occasionVariables(occasion), ...variables, ...Object.fromEntries(moments) };
  return { letter, ...envelope, variables: said };
}

/** Where an administrator sits is not told to those whose accounts they look after. */
function whenceOf(event: DomainEvent): Whence | null {
  const { actor, ip, userAgent } = originOf(event);
  return actor.kind === 'user' && !actor.impersonatorId ? { ip, userAgent } : null;
}
