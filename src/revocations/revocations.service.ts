import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import type { NewsItem, NewsListener } from '../news/news-item.js';
import { tokenLifetimeSeconds } from '../config/token-lifetime.js';
import { type NewsCursor, readNews } from '../news/news-log.js';
import { News } from '../news/news.js';

/** Tokens that count no more: of a session, of a user, or signed by a key. */
export interface Revocation {
  item: NewsItem;
  toldAt: Date;
  /** From then on no token is left that it concerns. */
  expiresAt: Date;
}

export interface RevocationPage {
  items: Revocation[];
  cursor: NewsCursor;
  /** Only a page without this says that it was all. */
  hasMore: boolean;
}

/** Whoever comes beyond these is answered at once. */
const MAX_WAITING = 1_000;

/** Lets others follow what is revoked, from the log that the replicas themselves follow. */
@Injectable()
export class RevocationsService implements OnModuleInit, BeforeApplicationShutdown, NewsListener {
  private readonly lifetimeMs: number;
  private bell = newBell();
  private stopped = false;
  private waiting = 0;
  private readonly readings = new Map<NewsCursor, Promise<RevocationPage>>();

  constructor(
    private readonly database: Database,
    private readonly news: News,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.lifetimeMs = tokenLifetimeSeconds(config) * 1000;
  }

  onModuleInit(): void {
    this.news.listen(this);
  }

  /** Nobody who waits holds up the end. */
  beforeApplicationShutdown(): void {
    this.stopped = true;
    this.wake();
  }

  /**
   * What was revoked since `after`; when that is nothing, what is revoked within `waitMs`, as soon as it is. Asked of the
   * database, so an answer holds at the time of the question at least.
   */
  async follow(after: NewsCursor, waitMs: number): Promise<RevocationPage> {
    const untilMs = performance.now() + waitMs;
    // Taken before the look, so that a ring during it is not slept through.
    let { signal } = this.bell;
    let page = await this.read(after);
    while (page.items.length === 0 && !page.hasMore && !this.stopped) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || this.waiting >= MAX_WAITING) break;
      await this.sleep(leftMs, signal);
      ({ signal } = this.bell);
      page = await this.readTogether(page.cursor);
    }
    return page;
  }

  hear({ revokes }: NewsItem): void {
    if (revokes) this.wake();
  }

  missed(): void {
    this.wake();
  }

  private async sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.waiting += 1;
    await delay(ms, null, { signal }).catch(() => {});
    this.waiting -= 1;
  }

  /** Those who waited at the same place, and were woken together, read together. */
  private readTogether(after: NewsCursor): Promise<RevocationPage> {
    const reading = this.readings.get(after) ?? this.read(after).finally(() => this.readings.delete(after));
    this.readings.set(after, reading);
    return reading;
  }

  private wake(): void {
    this.bell.abort();
    this.bell = newBell();
  }

  private async read(after: NewsCursor): Promise<RevocationPage> {
    const { items, ...place } = await readNews(after, this.database);
    const revocations = items.filter(({ revokes }) => revokes).map((item) => this.revocationOf(item));
    return {
      items: revocations.filter(({ expiresAt }) => expiresAt.getTime() > this.clock.nowMs()),
      ...place,
    };
  }

  private revocationOf({ toldAt: text, ...item }: NewsItem & { toldAt: string }): Revocation {
    const toldAt = new Date(text);
    return { item, toldAt, expiresAt: new Date(toldAt.getTime() + this.lifetimeMs) };
  }
}

/** Any number may wait for it. */
function newBell(): AbortController {
  const bell = new AbortController();
  setMaxListeners(0, bell.signal);
  return bell;
}
