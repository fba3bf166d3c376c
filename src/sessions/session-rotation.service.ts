import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { changedRows } from '../database/rows.js';
import { DomainEvents } from '../events/domain-events.js';
import { RefreshTokenInvalid, RefreshTokenReused, SessionRevoked } from '../tokens/tokens.errors.js';
import { RefreshBudget } from './refresh-budget.js';
import { SessionsService, type UserSession } from './sessions.service.js';

/** A used refresh token that comes again this soon is a delayed duplicate, not a theft (parity BT-14). */
const DUPLICATE_WINDOW_MS = 10_000;

export interface Rotation extends UserSession {
  /** The same successor was handed out before, and nothing was written. */
  replayed: boolean;
  /** That was a while ago. */
  late: boolean;
}

/** Moves a session to its next refresh token: one conditional statement, so of many at once a single one counts. */
@Injectable()
export class SessionRotation {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
    private readonly budget: RefreshBudget,
  ) {}

  /**
   * Uses the refresh token of `generation`. The one before the current gets the current again (`tolerant`);
   * an older one is refused, and ends the session unless it comes right after a rotation.
   * @throws SessionRevoked, RefreshTokenInvalid (its time is over), RefreshTokenReused, TooManyRequests
   */
  async rotate(sid: string, generation: number): Promise<Rotation> {
    const moved = await this.move(sid, generation);
    if (moved) return { ...moved, replayed: false, late: false };
    return this.replay(sid, generation);
  }

  /** The session whose refresh token of this generation `rotate` would take now, without using it; else null. */
  async findRotatable(sid: string, generation: number): Promise<UserSession | null> {
    const found = await this.sessions.find(sid);
    if (!found?.live || found.over) return null;
    const age = found.session.generation - generation;
    return age === 0 || this.isReplayable(age) ? found : null;
  }

  /** Null where there is no live session of this generation. */
  private async move(sid: string, generation: number): Promise<UserSession | null> {
    const sql = `UPDATE sessions s SET generation = s.generation + 1, rotated_at = now(), last_seen_at = now(),
         idle_expires_at = least(s.expires_at, now() + make_interval(mins => $3)), ${this.budget.assignments}
       FROM users u
       WHERE s.id = $1 AND s.generation = $2 AND s.ended_at IS NULL AND s.idle_expires_at > now()
         AND u.id = s.user_id AND u.banned_at IS NULL AND u.deleted_at IS NULL AND ${this.budget.condition}
       RETURNING ${this.sessions.columns()}`;
    const values = [sid, generation, this.config.sessions.idleTtlMinutes];
    if (this.events.isWanted('session.refreshed')) return this.moveAndTell(sid, sql, values);
    const [row] = await this.database.prepared(sql, values);
    return row ? this.sessions.read(row) : null;
  }

  /** Only where somebody asked for it: it takes longer than the refresh alone. */
  private moveAndTell(sid: string, sql: string, values: unknown[]): Promise<UserSession | null> {
    return this.database.transaction(async (manager) => {
      const [row] = await changedRows(manager, sql, values);
      if (!row) return null;
      const moved = this.sessions.read(row);
      await this.events.publish({ type: 'session.refreshed', userId: moved.user.id, sid }, manager);
      return moved;
    });
  }

  private async replay(sid: string, generation: number): Promise<Rotation> {
    const found = await this.sessions.find(sid);
    if (!found?.live) throw new SessionRevoked('refresh');
    const age = found.session.generation - generation;
    if (found.over || age < 0) throw new RefreshTokenInvalid();
    if (age === 0) await this.budget.refuse(sid);
    const late = found.sinceRotationMs >= DUPLICATE_WINDOW_MS;
    if (this.isReplayable(age)) return { ...found, replayed: true, late };
    if (late) await this.endStolen(found, generation);
    throw new RefreshTokenReused();
  }

  /** @param age how many generations ago */
  private isReplayable(age: number): boolean {
    return age === 1 && this.config.sessions.refreshPolicy === 'tolerant';
  }

  private async endStolen({ session, user }: UserSession, generation: number): Promise<void> {
    const event = { type: 'token.reused', userId: user.id, sid: session.id, generation } as const;
    await this.database.transaction(async (manager) => {
      const ended = await this.sessions.endWithin(manager, session.id, event.type);
      if (ended) await this.events.publish(event, manager);
    });
  }
}
