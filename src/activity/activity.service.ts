import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { SealedCursors } from '../config/sealed-cursors.js';
import { type EventFilter, EventLog } from '../events/event-log.js';
import type { StoredEvent } from '../events/stored-event.entity.js';

export interface ActivityPage {
  items: StoredEvent[];
  /** Null on the last page. */
  nextCursor: string | null;
}

/** Where to go on in a list, and how far. */
export interface Paging {
  limit: number;
  cursor?: string;
}

/** What people may not see of their own account. */
const FOR_STAFF = ['comment.added'];

/** The log of what happened, as people read it. */
@Injectable()
export class ActivityService {
  private readonly cursors: SealedCursors;

  constructor(
    private readonly log: EventLog,
    config: AppConfig,
  ) {
    this.cursors = new SealedCursors(config, 'activity');
  }

  /** What concerns a user, the newest first. @throws ValidationFailed for a cursor that is none of ours */
  async listOwn(userId: string, filter: EventFilter, { limit, cursor }: Paging): Promise<ActivityPage> {
    const before = cursor === undefined ? null : this.cursors.open(cursor, 'cursor');
    const own = { ...filter, exceptTypes: FOR_STAFF };
    const found = await this.log.listOf(userId, own, before, limit + 1);
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return { items, nextCursor: last ? this.cursors.seal(last.seq) : null };
  }
}
