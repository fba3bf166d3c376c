import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { SharedRun } from '../common/shared-run.js';
import { DOORBELL, type Doorbell } from './doorbell.js';
import { NewsConnection } from './news-connection.js';
import { type NewsCursor, presentOfNews, readNews } from './news-log.js';
import { News } from './news.js';

/** It looks by itself this often, whether or not the bell rings. */
const LOOK_MS = 500;
/** What is remembered is trusted for this long after the last look that the database answered. */
const TRUST_MS = 2_000;

/**
 * Reads the log of news. A look that is answered proves that everything committed before it is known here; when none is
 * answered for two seconds, nothing remembered counts.
 */
@Injectable()
export class NewsFollower implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly looking = new SharedRun(() => this.look());
  private cursor?: NewsCursor;
  /** By `performance.now()`, which no adjustment of the clock moves. */
  private trustedUntilMs = -1;
  private timer?: NodeJS.Timeout;
  private rung = false;
  private stopped = false;

  constructor(
    private readonly news: News,
    private readonly connection: NewsConnection,
    @Inject(DOORBELL) private readonly doorbell: Doorbell,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.timer = setInterval(() => void this.looking.again(), LOOK_MS).unref();
    await this.looking.again();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    this.doorbell.close();
    await this.looking.settled();
    this.connection.close();
  }

  /** Whether everything that was committed two seconds ago, in any replica, is known here. */
  isCurrent(): boolean {
    return performance.now() <= this.trustedUntilMs;
  }

  /** Learns what this process itself has just committed, and calls the others; if it cannot, nothing remembered counts. */
  async catchUp(): Promise<void> {
    if (await this.looking.again()) this.doorbell.ring();
    else this.trustedUntilMs = -1;
  }

  private hearBell(): void {
    this.rung = true;
    void this.looking.again();
  }

  /** False when it was not answered. */
  private async look(): Promise<boolean> {
    if (this.stopped) return false;
    try {
      const client = this.connection.current ?? (await this.connect());
      const askedAtMs = performance.now();
      if (this.cursor === undefined || askedAtMs > this.trustedUntilMs) await this.startAnew(client);
      else await this.goOn(client, this.cursor);
      this.trustedUntilMs = askedAtMs + TRUST_MS;
      return true;
    } catch (error) {
      this.connection.drop(error);
      return false;
    }
  }

  /** Another connection may be one to another server, where the numbers of the former mean nothing. */
  private connect(): Promise<pg.Client> {
    this.cursor = undefined;
    return this.connection.open((client) => this.doorbell.listen(client, () => this.hearBell()));
  }

  /** What is remembered from before a silence is given up, so what was told meanwhile need not be read. */
  private async startAnew(client: pg.Client): Promise<void> {
    this.cursor = await presentOfNews(client);
    this.news.lose();
  }

  private async goOn(client: pg.Client, cursor: NewsCursor): Promise<void> {
    const { rung } = this;
    this.rung = false;
    const page = await readNews(cursor, client);
    this.news.spread(page.items);
    this.cursor = page.cursor;
    // Nobody rang for what somebody changed by hand.
    if (page.items.length > 0 && !rung) this.doorbell.ring();
    if (page.hasMore) await this.goOn(client, page.cursor);
  }
}
