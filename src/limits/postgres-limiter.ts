import { type IRateLimiterOptions, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database } from '../database/database.js';

/**
 * Counts, whatever other connections do meanwhile. Refusals do not add up: the first of a window makes the count
 * one too many, all later ones two, also after points were given back, which they are from the whole. The commit does not wait for the disk: should the server crash, the
 * counts of its last moment are lost, and nothing else is.
 */
const COUNT = `
  INSERT INTO limits AS l (key, points, refused, expires_at)
  SELECT $1, greatest($2::integer, 0), $2 > $5, now() + $3 * interval '1 millisecond'
  FROM set_config('synchronous_commit', 'off', true)
  ON CONFLICT (key) DO UPDATE SET
    points = CASE
      WHEN $4 OR l.expires_at <= now() THEN excluded.points
      WHEN $2 < 0 THEN greatest(least(l.points, $5) + $2, 0)
      WHEN l.refused AND l.points + $2 > $5 THEN $5 + 2
      ELSE least(l.points + $2, $5 + 2) END,
    refused = CASE WHEN $4 OR l.expires_at <= now() THEN excluded.refused ELSE l.refused OR l.points + $2 > $5 END,
    expires_at = CASE WHEN $4 OR l.expires_at <= now() THEN excluded.expires_at ELSE l.expires_at END
  RETURNING points, extract(epoch FROM expires_at - now()) * 1000 AS "msLeft"`;

interface Answer {
  rows: { points: number; msLeft: number }[];
}

/**
 * The library's limiter of PostgreSQL, by the clock of the database instead of this process': replicas whose clocks
 * differ share one window, and a clock that was wrong leaves no lock behind (RES-13, RES-14, RES-15). Its statements go
 * where all of ours go, so that they pass poolers.
 */
export class PostgresLimiter extends RateLimiterPostgres {
  constructor(
    private readonly database: Database,
    options: IRateLimiterOptions,
  ) {
    super({
      ...options,
      storeClient: database,
      storeType: 'typeorm',
      tableName: 'limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
    });
  }

  /** Forgets a count, unless all of it is spent. */
  async deleteUnlessSpent(key: string): Promise<void> {
    await this.database.prepared('DELETE FROM limits WHERE key = $1 AND points <= $2', [
      this.getKey(key),
      this.points,
    ]);
  }

  protected async _upsert(key: string, points: number, ms: number, anew = false): Promise<Answer> {
    return {
      rows: (await this.database.prepared(COUNT, [
        key,
        points,
        ms,
        anew,
        this.points,
      ])) as unknown as Answer['rows'],
    };
  }

  protected async _get(key: string): Promise<Answer | null> {
    const sql = `SELECT points, extract(epoch FROM expires_at - now()) * 1000 AS "msLeft" FROM limits
                 WHERE key = $1 AND expires_at > now()`;
    const rows = (await this.database.prepared(sql, [key])) as unknown as Answer['rows'];
    return rows.length === 0 ? null : { rows };
  }

  protected async _delete(key: string): Promise<boolean> {
    const rows = await this.database.prepared('DELETE FROM limits WHERE key = $1 RETURNING key', [key]);
    return rows.length > 0;
  }

  protected _getRateLimiterRes(_key: string, changed: number, { rows: [row] }: Answer): RateLimiterRes {
    const { points, msLeft } = row ?? { points: 0, msLeft: 0 };
    const remaining = Math.max(this.points - points, 0);
    return new RateLimiterRes(remaining, Math.max(Number(msLeft), 0), points, points === changed);
  }
}
