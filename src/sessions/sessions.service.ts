import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { currentContext } from '../common/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows, columnsOf, hydrate, type Row } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { User } from '../users/user.entity.js';
import { Session } from './session.entity.js';

/** A session with the person whose it is. */
export interface UserSession {
  user: User;
  session: Session;
}

export interface NewSession {
  userId: string;
  /** How the person proved themself, as `amr` values (RFC 8176); none for a session opened in code. */
  methods: string[];
  remember: boolean;
}

const MAX_USER_AGENT_LENGTH = 512;

/** Opens, finds and ends sessions. */
@Injectable()
export class SessionsService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
    private readonly housekeeping: Housekeeping,
  ) {}

  /** Whatever takes an account out of its owner's hands, or changes the key to it, ends its sessions (BT-12). */
  onModuleInit(): void {
    this.events.on('password.changed', (event, manager) =>
      this.endAll(event.userId, 'password_changed', event.exceptSid, manager),
    );
    const ends = {
      'password.reset': 'password_reset',
      'email.reverted': 'email_reverted',
      'user.banned': 'user_banned',
      'user.deactivated': 'user_deleted',
    } as const;
    for (const [type, reason] of Object.entries(ends) as [keyof typeof ends, string][]) {
      this.events.on(type, (event, manager) => this.endAll(event.userId, reason, null, manager));
    }
    this.housekeeping.add("DELETE FROM sessions WHERE expires_at < now() - interval '7 days'");
  }

  /** Opens a session by a sign-in: it is seen, told as an event, and ends all others if so configured (SS-11). */
  async signIn(opening: NewSession, manager: EntityManager): Promise<UserSession | null> {
    const opened = await this.open(opening, manager);
    if (!opened) return null;
    const { user, session } = opened;
    if (this.config.sessions.blockConcurrent) await this.endAll(user.id, 'concurrent', session.id, manager);
    const { id: sid, methods } = session;
    await this.events.publish({ type: 'session.opened', userId: user.id, sid, methods }, manager);
    return opened;
  }

  /** Opens a session, quietly. Null when the user is gone, banned or deleted. */
  async open({ userId, methods, remember }: NewSession, manager: EntityManager): Promise<UserSession | null> {
    if (!isUuid(userId)) return null;
    const { ttlMinutes, rememberTtlMinutes, idleTtlMinutes } = this.config.sessions;
    const minutes = remember ? rememberTtlMinutes : ttlMinutes;
    const { ip = null, userAgent = null } = currentContext() ?? {};
    const [row] = await changedRows(
      manager,
      `WITH u AS (
         UPDATE users SET last_seen_at = now(), last_ip = coalesce($5, last_ip)
         WHERE id = $2 AND banned_at IS NULL AND deleted_at IS NULL RETURNING *
       ), s AS (
         INSERT INTO sessions (id, user_id, methods, user_agent, ip, expires_at, idle_expires_at)
         SELECT $1, u.id, $3, $4, $5, now() + make_interval(mins => $6), now() + make_interval(mins => $7)
         FROM u RETURNING *
       ) SELECT ${this.columns()} FROM u, s`,
      [uuidv7(), userId, methods, userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null, ip, minutes,
        Math.min(minutes, idleTtlMinutes)], // prettier-ignore
    );
    return row ? this.read(row) : null;
  }

  /**
   * The session with its user, whatever its state: `live` unless it was ended or its user banned or deleted,
   * `over` once its time has run out by the database's clock. Null when there is no such session.
   */
  async find(
    sid: string,
  ): Promise<(UserSession & { live: boolean; over: boolean; sinceRotationMs: number }) | null> {
    const [row] = await this.database.prepared(
      `SELECT ${this.columns()}, s.idle_expires_at <= now() AS over,
         s.ended_at IS NULL AND u.banned_at IS NULL AND u.deleted_at IS NULL AS live,
         extract(epoch FROM now() - s.rotated_at) * 1000 AS since_rotation_ms
       FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1`,
      [sid],
    );
    if (!row) return null;
    const { live, over, since_rotation_ms: sinceRotationMs } = row;
    return {
      ...this.read(row),
      live: live === true,
      over: over === true,
      sinceRotationMs: Number(sinceRotationMs),
    };
  }

  /** A user's live sessions, the newest first. */
  async list(userId: string): Promise<Session[]> {
    const query = this.database.manager
      .createQueryBuilder(Session, 's')
      .where('s.userId = :userId', { userId });
    return query.andWhere('s.endedAt IS NULL AND s.idleExpiresAt > now()').orderBy('s.id', 'DESC').getMany();
  }

  /** Notes that the person gave their password (again) in this session. Null when it is over. */
  async confirm(sid: string): Promise<UserSession | null> {
    return this.database.transaction(async (manager) => {
      const [row] = await changedRows(
        manager,
        `UPDATE sessions s SET authenticated_at = now(),
           methods = CASE WHEN s.methods = '{}' THEN ARRAY['pwd'] ELSE s.methods END
         FROM users u
         WHERE s.id = $1 AND s.ended_at IS NULL AND s.idle_expires_at > now() AND u.id = s.user_id
         RETURNING ${this.columns()}`,
        [sid],
      );
      if (!row) return null;
      const confirmed = this.read(row);
      await this.events.publish({ type: 'session.confirmed', userId: confirmed.user.id, sid }, manager);
      return confirmed;
    });
  }

  /** Ends one session; with `userId` only if it is theirs. False when there was no such live one. */
  async end(sid: string, reason: string, userId: string | null = null): Promise<boolean> {
    return this.database.transaction((manager) => this.endWithin(manager, sid, reason, userId));
  }

  /** `end`, as a part of the caller's transaction. */
  async endWithin(
    manager: EntityManager,
    sid: string,
    reason: string,
    userId: string | null = null,
  ): Promise<boolean> {
    const [row] = await changedRows(
      manager,
      `UPDATE sessions SET ended_at = now(), end_reason = $2
       WHERE id = $1 AND user_id = coalesce($3, user_id) AND ended_at IS NULL AND idle_expires_at > now()
       RETURNING user_id`,
      [sid, reason, userId],
    );
    if (!row) return false;
    await this.events.publish({ type: 'session.closed', userId: String(row.user_id), sid, reason }, manager);
    return true;
  }

  /** Ends all of a user's sessions but the one they do it from. */
  async endOthers(userId: string, sid: string): Promise<void> {
    await this.database.transaction((manager) => this.endAll(userId, 'closed_by_user', sid, manager));
  }

  /** Ends all sessions of a user, save `exceptSid`. */
  async endAll(
    userId: string,
    reason: string,
    exceptSid: string | null,
    manager: EntityManager,
  ): Promise<void> {
    const ended = await changedRows(
      manager,
      `UPDATE sessions SET ended_at = now(), end_reason = $2
       WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3 RETURNING id`,
      [userId, reason, exceptSid],
    );
    if (ended.length === 0) return;
    await this.events.publish({ type: 'sessions.closed', userId, reason, exceptSid }, manager);
  }

  /** The select list that `read` understands, for tables aliased `s` and `u`. */
  columns(): string {
    return `${columnsOf(this.database, Session, 's')}, ${columnsOf(this.database, User, 'u')}`;
  }

  read(row: Row): UserSession {
    return {
      session: hydrate(this.database, Session, 's', row),
      user: hydrate(this.database, User, 'u', row),
    };
  }
}
