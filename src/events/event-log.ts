import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { currentOrigin } from '../common/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import type { ActorKind, DomainEvent } from './domain-event.js';
import { originOf } from './event-origin.js';
import { StoredEvent } from './stored-event.entity.js';

/** The data fields that tell whose row it is: they go with the person. */
const PERSONAL_FIELDS = ['email', 'from', 'to', 'mergedEmail', 'name', 'device'];

/** Which events; all that fit all that is said. */
export interface EventFilter {
  types?: readonly string[];
  exceptTypes?: readonly string[];
  actor?: ActorKind;
  from?: Date;
  /** It is not included. */
  to?: Date;
}

/** A trigger adds a delivery for each subscriber that asked for the type (migrations/1764000012000-…). */
const APPEND = `
  INSERT INTO domain_events
    (id, type, user_id, actor, actor_id, impersonator_id, sid, ip, user_agent, request_id, data)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;

/** The log of what happened: rows are added with the change that they tell of, and go when they are old. */
@Injectable()
export class EventLog implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly housekeeping: Housekeeping,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    const { retentionDays } = this.config.activity;
    this.housekeeping.addTable('domain_events', `occurred_at < now() - interval '${retentionDays} days'`);
  }

  /** Adds an event, with whoever brings it about and whence. */
  async append(event: DomainEvent, manager: EntityManager): Promise<void> {
    const { type, userId, actor: _actor, sid: _sid, ...data } = event as DomainEvent & { sid?: string };
    const { actor, sid, ip, userAgent, requestId } = originOf(event);
    await manager.query(APPEND, [
      uuidv7(), type, userId, actor.kind, actor.id, actor.impersonatorId, sid, ip, userAgent, requestId,
      JSON.stringify(data),
    ]); // prettier-ignore
  }

  /** What concerns a user, the newest first, up to `limit`. @param before the `seq` to go on from; null: from now */
  async listOf(
    userId: string,
    { types, exceptTypes, actor, from, to }: EventFilter,
    before: string | null,
    limit: number,
  ): Promise<StoredEvent[]> {
    const query = this.database.manager.createQueryBuilder(StoredEvent, 'e');
    query.where('e.userId = :userId', { userId });
    if (types !== undefined) query.andWhere('e.type = ANY (:types)', { types });
    if (exceptTypes !== undefined) query.andWhere('e.type <> ALL (:exceptTypes)', { exceptTypes });
    if (actor !== undefined) query.andWhere('e.actor = :actor', { actor });
    if (from !== undefined) query.andWhere('e.occurredAt >= :from', { from });
    if (to !== undefined) query.andWhere('e.occurredAt < :to', { to });
    if (before !== null) query.andWhere('e.seq < :before', { before });
    return query.orderBy('e.seq', 'DESC').limit(limit).getMany();
  }

  /** Whether the request being served has added an event of this type about the same user. */
  async includes({ type, userId }: DomainEvent, manager: EntityManager): Promise<boolean> {
    const requestId = currentOrigin()?.requestId ?? null;
    const same = 'user_id = $1 AND type = $2 AND request_id = $3';
    const sql = `SELECT 1 FROM domain_events WHERE ${same} LIMIT 1`;
    return (await manager.query<unknown[]>(sql, [userId, type, requestId])).length === 1;
  }

  /** Takes out what tells who somebody was, and whence they came; what happened stays (parity AL-05, BD-05). */
  async forget(userId: string, manager: EntityManager): Promise<void> {
    await manager.query(
      `UPDATE domain_events SET ip = NULL, user_agent = NULL, data = CASE
         WHEN user_id IS DISTINCT FROM $1 THEN data
         WHEN type = 'user.banned' THEN data - 'reason'
         ELSE data - $2::text[] END
       WHERE user_id = $1 OR impersonator_id = $1 OR (actor_id = $1 AND actor_id IS DISTINCT FROM user_id)`,
      [userId, PERSONAL_FIELDS],
    );
  }
}
