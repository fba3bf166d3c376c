import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EventType } from '../events/domain-event.js';
import { DomainEvents } from '../events/domain-events.js';
import { Outbox } from '../mail/outbox.js';
import { UsersService } from '../users/users.service.js';

/** What the owner of an account is told, whoever did it. */
const NOTICES = {
  'password.changed': 'password-changed',
  'password.reset': 'password-changed',
  'token.reused': 'session-theft',
} as const satisfies Partial<Record<EventType, string>>;

/** Mails people what happened to their account (parity PW-04, BT-14). */
@Injectable()
export class AccountNotices implements OnModuleInit {
  constructor(
    private readonly events: DomainEvents,
    private readonly outbox: Outbox,
    private readonly users: UsersService,
  ) {}

  onModuleInit(): void {
    for (const letter of new Set(Object.values(NOTICES))) {
      this.outbox.compose(letter, async ({ userId }: { userId: string }, manager) => {
        const person = await this.users.findById(userId, manager);
        return person && { letter, to: person.email, person };
      });
    }
    for (const [type, letter] of Object.entries(NOTICES) as [keyof typeof NOTICES, string][]) {
      this.events.on(type, async ({ userId }, manager) => {
        await this.outbox.queue(letter, { userId }, manager);
      });
    }
  }
}
