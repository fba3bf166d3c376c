import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type BeforeApplicationShutdown,
} from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import { LiveDirectory } from './live-directory.js';
import type { Session } from './session.entity.js';

const PRECISION_MS = 5 * 60_000;
const FLUSH_MS = 5_000;

/**
 * Keeps `lastSeenAt`, and with it the idle end, about right without a write in any request: what was seen is
 * gathered and written in the background, at most every five minutes a session (parity SS-12).
 */
@Injectable()
export class LastSeen implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(LastSeen.name);
  private readonly seen = new Set<string>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly directory: LiveDirectory,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  note(session: Session): void {
    if (this.clock.nowMs() - session.lastSeenAt.getTime() >= PRECISION_MS) this.seen.add(session.id);
  }

  /** Writes what was noted. A failure costs precision only, so it is logged and forgotten. */
  async flush(): Promise<void> {
    if (this.seen.size === 0) return;
    const sids = [...this.seen];
    this.seen.clear();
    // Rows that somebody else is changing are passed over: they are seen again, and nobody waits for anybody.
    const sql = `WITH idle AS (
        SELECT id FROM sessions WHERE id = ANY($1) AND ended_at IS NULL AND idle_expires_at > now()
        FOR NO KEY UPDATE SKIP LOCKED
      ), seen AS (
        UPDATE sessions s SET last_seen_at = now(),
          idle_expires_at = least(expires_at, now() + make_interval(mins => $2))
        FROM idle WHERE s.id = idle.id RETURNING s.user_id
      ), people AS (
        SELECT id FROM users WHERE id IN (SELECT user_id FROM seen) FOR NO KEY UPDATE SKIP LOCKED
      ) UPDATE users u SET last_seen_at = now() FROM people WHERE u.id = people.id`;
    await this.database
      .query(sql, [sids, this.config.sessions.idleTtlMinutes])
      .catch((error: unknown) =>
        this.logger.warn(`Could not note when sessions were last seen: ${String(error)}`),
      );
    for (const sid of sids) this.directory.forgetSession(sid);
  }
}
