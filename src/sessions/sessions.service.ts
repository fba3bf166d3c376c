import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { currentContext, MAX_USER_AGENT_LENGTH } from '../common/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { changedRows, columnsOf, hydrate, type Row } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { SessionRevoked } from '../tokens/tokens.errors.js';
import { User } from '../users/user.entity.js';
import { ConcurrentSessions } from './concurrent-sessions.service.js';
import { KnownDevices } from './known-devices.service.js';
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

/** Opens, finds and ends sessions. */
@Injectable()
export class SessionsService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
    private readonly housekeeping: Housekeeping,
    private readonly concurrent: ConcurrentSessions,
    private readonly devices: KnownDevices,
  ) {}

  onModuleInit(): void {
    this.housekeeping.addTable('sessions', "expires_at < now() - interval '7 days'");
    this.events.onPublishing((manager) => this.holdCurrent(manager));
  }

  /** Opens a session by a sign-in: it is told as an event, its device is known from now on, and others may end (SS-11). */
  async signIn(opening: NewSession, manager: EntityManager): Promise<UserSession | null> {
    const opened = await this.open(opening, manager);
    if (!opened) return null;
    const { id: sid, userId, methods } = opened.session;
    await this.concurrent.makeRoom(opened.session, manager);
    const { name: device, isNew: newDevice } = await this.devices.note(userId, manager);
    const { remember } = opening;
    const event = { type: 'session.opened', userId, sid, methods, remember, device, newDevice } as const;
    await this.events.publish(event, manager);
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

  /** Notes that the person proved themself (again) in this session, in these ways. @throws SessionRevoked */
  async confirm(sid: string, methods: string[], manager: EntityManager): Promise<UserSession> {
    const confirmed = await this.change('authenticated_at = now()', sid, methods, manager);
    const { user, session } = confirmed;
    const until = this.confirmedUntil(session);
    await this.events.publish({ type: 'session.confirmed', userId: user.id, sid, until }, manager);
    return confirmed;
  }

  /** Notes that the person proved themself in further ways, which does not make the sign-in younger. @throws SessionRevoked */
  async addMethods(sid: string, methods: string[], manager: EntityManager): Promise<void> {
    await this.change('authenticated_at = s.authenticated_at', sid, methods, manager);
  }

  /**
   * The session stays live until the caller's transaction ends, unless that ends it itself, and the user's row is the
   * caller's. Publishing asks for the session of the request anyway; who asks before anything else waits for nobody who
   * waits for them. @throws SessionRevoked
   */
  async hold(sid: string, manager: EntityManager): Promise<void> {
    const sql = `SELECT 1 FROM users u JOIN sessions s ON s.user_id = u.id
      WHERE s.id = $1 AND (s.ended_at IS NULL AND s.idle_expires_at > now() OR s.xmin = pg_current_xact_id()::xid)
      FOR NO KEY UPDATE`;
    if ((await manager.query<unknown[]>(sql, [sid])).length !== 1) throw new SessionRevoked();
  }

  /** Takes back that they did, in all of a user's sessions. */
  async removeMethods(userId: string, methods: string[], manager: EntityManager): Promise<void> {
    await manager.query(
      `UPDATE sessions SET methods = ARRAY(SELECT m FROM unnest(methods) m WHERE m <> ALL($2::text[]))
       WHERE user_id = $1 AND ended_at IS NULL AND methods && $2::text[]`,
      [userId, methods],
    );
  }

  /** Ends one session; with `userId` only if it is theirs. False when there was no such live one. */
  async end(sid: string, reason: string, userId: string | null = null): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      await this.holdCurrent(manager);
      return this.endWithin(manager, sid, reason, userId);
    });
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

  /** Ends all of a user's sessions but the one they do it from. @throws SessionRevoked */
  async endOthers(userId: string, sid: string): Promise<void> {
    await this.database.transaction(async (manager) => {
      await this.hold(sid, manager);
      await this.endAll(userId, 'closed_by_user', sid, manager);
    });
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
       WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3
       RETURNING idle_expires_at > now() AS was_live`,
      [userId, reason, exceptSid],
    );
    // Those whose time was over end, too, whatever becomes of the clock, and nobody is told.
    const count = ended.filter(({ was_live: wasLive }) => wasLive === true).length;
    if (count === 0) return;
    await this.events.publish({ type: 'sessions.closed', userId, reason, count, exceptSid }, manager);
  }

  /** `hold` for the session in which the request being served is made, if it is made in one. */
  private async holdCurrent(manager: EntityManager): Promise<void> {
    const sid = currentContext()?.principal?.session.id;
    if (sid !== undefined) await this.hold(sid, manager);
  }

  private async change(
    set: string,
    sid: string,
    methods: string[],
    manager: EntityManager,
  ): Promise<UserSession> {
    await this.hold(sid, manager);
    const [row] = await changedRows(
      manager,
      `UPDATE sessions s SET ${set},
         methods = s.methods || ARRAY(SELECT m FROM unnest($2::text[]) m WHERE m <> ALL(s.methods))
       FROM users u
       WHERE s.id = $1 AND s.ended_at IS NULL AND s.idle_expires_at > now() AND u.id = s.user_id
       RETURNING ${this.columns()}`,
      [sid, methods],
    );
    if (!row) throw new SessionRevoked();
    return this.read(row);
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

  private confirmedUntil({ authenticatedAt }: Session): Date {
    return new Date(authenticatedAt.getTime() + this.config.sessions.confirmPasswordTtlMinutes * 60_000);
  }
}
