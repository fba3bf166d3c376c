import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { EventType } from '../events/domain-event.js';
import { DomainEvents } from '../events/domain-events.js';
import { NewsFollower } from '../news/news-follower.js';

const CHANGES = [
  'session.closed', 'sessions.closed', 'session.confirmed',
  'user.updated', 'user.verified', 'user.banned', 'user.unbanned', 'user.deactivated', 'user.deleted',
  'email.changed', 'email.reverted', 'twofactor.enabled', 'twofactor.disabled',
] as const satisfies EventType[]; // prettier-ignore

/**
 * Whoever changed something here is not answered before this process knows it, too. The others are told by the database
 * (migrations/1764000009000-tell-of-sessions.ts); without this it would be the same here, some milliseconds later.
 */
@Injectable()
export class OwnChanges implements OnModuleInit {
  constructor(
    private readonly events: DomainEvents,
    private readonly database: Database,
    private readonly follower: NewsFollower,
  ) {}

  onModuleInit(): void {
    const catchUp = (): Promise<void> => this.follower.catchUp();
    for (const type of CHANGES) {
      this.events.on(type, (_event, manager) => this.database.afterCommit(manager, catchUp));
    }
  }
}
