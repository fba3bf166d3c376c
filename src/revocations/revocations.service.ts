import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { Database } from '../database/database.js';
import type { NewsItem, NewsListener } from '../news/news-item.js';
import { newsLifetimeSeconds } from '../news/news-lifetime.js';
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
}

/** Lets others follow what is revoked, from the log that the replicas themselves follow. */
@Injectable()
export class RevocationsService implements OnModuleInit, BeforeApplicationShutdown, NewsListener {
  private readonly lifetimeMs: number;
  private bell = newBell();
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly news: News,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.lifetimeMs = newsLifetimeSeconds(config) * 1000;
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
    for (;;) {
      // Taken before the look, so that a ring during it is not slept through.
      const { signal } = this.bell;
      const page = await this.read(after);
      const leftMs = untilMs - performance.now();
      if (page.items.length > 0 || leftMs <= 0 || this.stopped) return page;
      after = page.cursor;
      await delay(leftMs, null, { signal }).catch(() => {});
    }
  }

  hear({ revokes }: NewsItem): void {
    if (revokes) this.wake();
  }

  missed(): void {
    this.wake();
  }

  private wake(): void {
    this.bell.abort();
    this.bell = newBell();
  }

  private async read(after: NewsCursor): Promise<RevocationPage> {
    const { items, cursor } = await readNews(after, this.database);
    const revocations = items.filter(({ revokes }) => revokes).map((item) => this.revocationOf(item));
    return { items: revocations.filter(({ expiresAt }) => expiresAt.getTime() > this.clock.nowMs()), cursor };
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
