import { type IRateLimiterOptions, type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible';
import type { AppConfig } from '../config/app-config.js';
import type { Database } from '../database/database.js';
import { type Budget, type BudgetName, BUDGETS } from './budgets.js';
import { PostgresLimiter } from './postgres-limiter.js';
import type { RedisLimiters } from './redis-limiters.js';

/** As if so many replicas each kept the whole budget for themselves. */
const ASSUMED_REPLICAS = 4;
const LOCAL_SECONDS = 3600;

/** Who counts for one budget. */
export interface Limiter {
  /** For all replicas. */
  readonly shared: RateLimiterAbstract;
  /** That of PostgreSQL, whether or not it is the shared one. */
  readonly stored: PostgresLimiter;
  /** For this process, while the shared one fails. */
  readonly local: RateLimiterAbstract;
}

/**
 * Counts in this process, for a short while and in a bounded number of counters: keys that begin alike share one, which
 * at worst refuses too early.
 */
class LocalLimiter extends RateLimiterMemory {
  override getKey(key: string): string {
    return super.getKey(key.slice(0, 4));
  }
}

/** The limiters of all budgets: in Redis where there is one, else in PostgreSQL. */
export class Limiters {
  private readonly limiters: ReadonlyMap<BudgetName, Limiter>;

  constructor(
    database: Database,
    private readonly redis?: RedisLimiters,
  ) {
    const budgets = Object.entries(BUDGETS) as [BudgetName, Budget][];
    this.limiters = new Map(
      budgets.map(([name, budget]) => [name, makeLimiter(name, budget, database, redis)]),
    );
  }

  of(budget: BudgetName): Limiter {
    return this.limiters.get(budget) as Limiter;
  }

  close(): void {
    this.redis?.close();
  }
}

/** Loads what is needed of Redis' client only where there is a Redis: it takes memory. */
export async function makeLimiters(
  { redisUrl, rateLimit }: AppConfig,
  database: Database,
): Promise<Limiters> {
  if (redisUrl === undefined || !rateLimit) return new Limiters(database);
  const { RedisLimiters } = await import('./redis-limiters.js');
  return new Limiters(database, new RedisLimiters(redisUrl));
}

function makeLimiter(
  keyPrefix: BudgetName,
  { points, seconds: duration, lockSeconds: blockDuration = 0 }: Budget,
  database: Database,
  redis?: RedisLimiters,
): Limiter {
  const options: IRateLimiterOptions = { keyPrefix, points, duration, blockDuration };
  const stored = new PostgresLimiter(database, options);
  return {
    stored,
    // What must outlast everything is never Redis' business, which may forget.
    shared: redis && blockDuration === 0 ? redis.make(options, stored) : stored,
    local: new LocalLimiter({
      keyPrefix,
      points: Math.ceil(points / ASSUMED_REPLICAS),
      duration: Math.min(duration, LOCAL_SECONDS),
    }),
  };
}
