import { createClient } from '@redis/client';
import { Logger } from '@nestjs/common';
import { type IRateLimiterOptions, RateLimiterRedis } from 'rate-limiter-flexible';
import { within } from '../common/within.js';
import type { PostgresLimiter } from './postgres-limiter.js';

const RECONNECT_MS = 1_000;
/** A Redis that answers no sooner is as good as none. */
const PATIENCE_MS = 500;
/** How long nobody asks one that did not answer. */
const REST_MS = 2_000;

/**
 * The same as the statement of `PostgresLimiter`; the library's own has refusals add up, and gives back what is over. A half
 * beside the count says that it has refused somebody.
 */
const COUNT = `
  redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
  local kept, points, limit = tonumber(redis.call('get', KEYS[1])), tonumber(ARGV[1]), tonumber(ARGV[3])
  local count, refused = math.floor(kept), kept % 1
  local wanted = math.min(count + points, limit + 2)
  if points < 0 then wanted = math.max(math.min(count, limit) + points, 0) end
  if wanted > limit then
    if refused > 0 then wanted = limit + 2 end
    refused = 0.5
  end
  redis.call('set', KEYS[1], wanted + refused, 'KEEPTTL')
  return {wanted, redis.call('pttl', KEYS[1])}`;

type Client = ReturnType<typeof createClient>;

/** Counts in Redis or Valkey, by its clock; while it is away PostgreSQL counts, from the beginning (RES-02). */
export class RedisLimiters {
  private readonly logger = new Logger('Limits');
  private readonly client: Client;
  private isAway = false;
  private askedAgainAtMs = 0;

  constructor(url: string) {
    this.client = createClient({
      url,
      // Nobody waits for a connection that may come.
      disableOfflineQueue: true,
      socket: { connectTimeout: PATIENCE_MS * 4, reconnectStrategy: () => RECONNECT_MS },
    });
    this.client.on('error', (error: unknown) => this.complain(error));
    this.client.connect().catch((error: unknown) => this.complain(error));
  }

  make({ keyPrefix, ...options }: IRateLimiterOptions, insuranceLimiter: PostgresLimiter): RateLimiterRedis {
    return new RateLimiterRedis({
      ...options,
      keyPrefix: `tokenhouse:limits:${keyPrefix}`,
      insuranceLimiter,
      storeClient: this.store(),
      useRedisPackage: true,
      rejectIfRedisNotReady: true,
      customIncrTtlLuaScript: COUNT,
    });
  }

  close(): void {
    this.client.destroy();
  }

  /** As much of a client as the library uses. */
  private store(): object {
    const isReady = (): boolean => this.client.isReady && performance.now() >= this.askedAgainAtMs;
    return {
      get isReady(): boolean {
        return isReady();
      },
      eval: (...parameters: Parameters<Client['eval']>) => this.ask(() => this.client.eval(...parameters)),
      del: (key: string) => this.ask(() => this.client.del(key)),
      multi: () => {
        const multi = this.client.multi();
        const exec = multi.execAsPipeline.bind(multi);
        return Object.assign(multi, { exec: () => this.ask(() => exec()) });
      },
    };
  }

  /** One that hangs, or answers nothing but errors, holds up one request, not all. */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      const answer = await within(PATIENCE_MS, question, () => new Error('it does not answer'));
      this.isAway = false;
      return answer;
    } catch (error) {
      this.askedAgainAtMs = performance.now() + REST_MS;
      this.complain(error);
      throw error;
    }
  }

  /** Once, until it is back. */
  private complain(error: unknown): void {
    if (this.isAway) return;
    this.isAway = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn(`Redis does not count, so PostgreSQL does: ${reason}`);
  }
}
