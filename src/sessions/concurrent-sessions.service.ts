import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppConfig } from '../config/app-config.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import type { Session } from './session.entity.js';

/** How many sessions a person may have at once (parity SS-11). */
@Injectable()
export class ConcurrentSessions {
  constructor(
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
  ) {}

  /**
   * Ends the oldest sessions until this one has room. Sign-ins of one person come here one after the other, because
   * opening a session locks its user until the commit; so there are never more than allowed (RFR-16).
   */
  async makeRoom({ id: sid, userId }: Session, manager: EntityManager): Promise<void> {
    const { blockConcurrent, limit } = this.config.sessions;
    const room = blockConcurrent ? 1 : limit;
    if (room === 0) return;
    const reason = blockConcurrent ? 'concurrent' : 'session_limit';
    const ended = await changedRows(
      manager,
      `UPDATE sessions SET ended_at = now(), end_reason = $4 WHERE id IN (
         SELECT id FROM sessions
         WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL AND idle_expires_at > now()
         ORDER BY created_at DESC, id DESC OFFSET $3)
       RETURNING id`,
      [userId, sid, room - 1, reason],
    );
    for (const { id } of ended) {
      await this.events.publish({ type: 'session.closed', userId, sid: String(id), reason }, manager);
    }
  }
}
