import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import pg from 'pg';
import { Database } from '../database/database.js';
import { DOORBELL, type Doorbell } from './doorbell.js';
import { type NewsCursor, presentOfNews, readNews } from './news-log.js';
import { News } from './news.js';

/** It looks by itself this often, whether or not the bell rings. */
const LOOK_MS = 500;
/** What is remembered is trusted for this long after the last look that the database answered. */
const TRUST_MS = 2_000;
/** A look that takes longer has failed; the connection may be frozen. */
const PATIENCE_MS = 1_500;

/**
 * Reads the log of news, on a connection of its own so that a busy pool delays nothing. A look that is answered proves
 * that everything committed before it is known here; when none is answered for two seconds, nothing remembered counts.
 */
@Injectable()
export class NewsFollower implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('News');
  private connection?: pg.Client;
  private cursor: NewsCursor;
  /** By `performance.now()`, which no adjustment of the clock moves. */
  private trustedUntilMs = -1;
  private timer?: NodeJS.Timeout;
  private running: Promise<boolean> = Promise.resolve(true);
  private next?: Promise<boolean>;
  private rung = false;
  private stopped = false;

  constructor(
    private readonly news: News,
    private readonly database: Database,
    @Inject(DOORBELL) private readonly doorbell: Doorbell,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.timer = setInterval(() => void this.look(), LOOK_MS).unref();
    await this.look();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    this.doorbell.close();
    await this.next;
    await this.running;
    await this.connection?.end().catch(() => {});
  }

  /** Whether everything that was committed two seconds ago, in any replica, is known here. */
  isCurrent(): boolean {
    return performance.now() <= this.trustedUntilMs;
  }

  /** Learns what this process itself has just committed; when that fails, nothing remembered counts. */
  async catchUp(): Promise<void> {
    if (!(await this.look())) this.trustedUntilMs = -1;
  }

  /** One look that begins after the call; whoever asks meanwhile shares it. False when it failed. */
  private look(): Promise<boolean> {
    this.next ??= this.running.then(() => {
      this.next = undefined;
      this.running = this.read();
      return this.running;
    });
    return this.next;
  }

  private async read(): Promise<boolean> {
    if (this.stopped) return false;
    try {
      const connection = await this.connected();
      const askedAtMs = performance.now();
      if (askedAtMs > this.trustedUntilMs) await this.startAnew(connection);
      else await this.goOn(connection);
      this.trustedUntilMs = askedAtMs + TRUST_MS;
      return true;
    } catch (error) {
      this.disconnect(this.connection, error);
      return false;
    }
  }

  private async goOn(connection: pg.Client): Promise<void> {
    const { rung } = this;
    this.rung = false;
    const { items, cursor } = await readNews(this.cursor, connection);
    this.news.spread(items);
    this.cursor = cursor;
    if (items.length > 0 && !rung) this.doorbell.ring();
  }

  /** What is remembered from before a silence is given up, so what was told meanwhile need not be read. */
  private async startAnew(connection: pg.Client): Promise<void> {
    this.cursor = await presentOfNews(connection);
    this.news.lose();
  }

  private async connected(): Promise<pg.Client> {
    if (this.connection) return this.connection;
    const connection = new pg.Client({
      connectionString: this.database.url,
      application_name: 'tokenhouse news',
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      keepAlive: true,
    });
    this.connection = connection;
    connection.on('error', (error) => this.disconnect(connection, error));
    await connection.connect();
    await this.doorbell.listen(connection, () => this.hearBell());
    return connection;
  }

  private hearBell(): void {
    this.rung = true;
    void this.look();
  }

  private disconnect(connection: pg.Client | undefined, error: unknown): void {
    if (!connection || connection !== this.connection || this.stopped) return;
    this.connection = undefined;
    // Not awaited: a frozen connection does not say goodbye.
    connection.end().catch(() => {});
    this.logger.warn(`The news connection failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
