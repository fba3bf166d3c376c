import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainEvents } from '../events/domain-events.js';
import type { Envelope } from '../mail/envelope.js';
import { Outbox } from '../mail/outbox.js';
import { Notices } from '../notices/notices.service.js';
import { UsersService } from '../users/users.service.js';

const LOCKED = 'account-locked';
const DAY_SECONDS = 86_400;

/** Mails people that somebody has signed in as them from elsewhere, or tries to (parity ML-03). */
@Injectable()
export class SignInNotices implements OnModuleInit {
  constructor(
    private readonly events: DomainEvents,
    private readonly outbox: Outbox,
    private readonly notices: Notices,
    private readonly users: UsersService,
  ) {}

  onModuleInit(): void {
    const folder = join(import.meta.dirname, 'templates');
    this.notices.on({
      on: 'session.opened',
      letter: 'new-device',
      folder,
      tell: ({ newDevice }) => (newDevice ? {} : null),
    });
    // Not one of `Notices`: of a login that nobody has it is queued, too, so that it takes as long.
    this.outbox.define(folder, { [LOCKED]: { kind: 'notice' } });
    this.outbox.compose(LOCKED, ({ userId }: { userId: string | null }, manager) =>
      this.writeOfLock(userId, manager),
    );
    // Once a day, because a stranger causes it.
    this.events.on('session.locked', async ({ userId, loginHash, by }, manager) => {
      if (by !== 'password') return;
      const pace = { key: `${LOCKED} ${loginHash}`, seconds: DAY_SECONDS };
      await this.outbox.queue(LOCKED, { userId }, manager, pace);
    });
  }

  private async writeOfLock(userId: string | null, manager: EntityManager): Promise<Envelope | null> {
    const person = userId === null ? null : await this.users.findById(userId, manager);
    return person && { letter: LOCKED, to: person.email, person };
  }
}
