import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { SharedRun } from '../common/shared-run.js';
import { NewsFollower } from '../news/news-follower.js';
import type { NewsItem, NewsListener } from '../news/news-item.js';
import { News } from '../news/news.js';
import { KNOWN_WITHIN_SECONDS } from './key-life.js';
import { KeyRing } from './key-ring.js';
import { KeyStore } from './key-store.js';

const LOOK_MS = 1_000;
/** Soon enough, should a look come late. */
const REST_MS = (KNOWN_WITHIN_SECONDS - 10) * 1_000;

/**
 * Keeps the ring as the stored keys are: reads them when news tell of one, now and then, and every second while no news
 * comes. When they cannot be read the ring stays as it is; a key that was killed has left it before.
 */
@Injectable()
export class KeyRingUpdater implements NewsListener, OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('SigningKeys');
  private timer?: NodeJS.Timeout;
  /** Read them again from then on; by `performance.now()`. */
  private dueMs = 0;
  private readonly reading = new SharedRun(() => this.read());

  constructor(
    private readonly ring: KeyRing,
    private readonly store: KeyStore,
    private readonly news: News,
    private readonly follower: NewsFollower,
  ) {}

  onModuleInit(): void {
    if (!this.store.isUsed) return;
    this.news.listen(this);
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.reading.settled();
  }

  hear(item: NewsItem): void {
    if (!('kid' in item)) return;
    if (item.revokes) this.ring.drop(item.kid);
    this.update();
  }

  missed(): void {
    this.update();
  }

  private look(): void {
    if (!this.follower.isCurrent() || performance.now() >= this.dueMs) this.update();
  }

  private update(): void {
    void this.reading.again();
  }

  private async read(): Promise<void> {
    try {
      // Nobody has told of a key that is gone; but what was verified with it is remembered.
      if (this.ring.replace(await this.store.load())) this.news.lose();
      this.dueMs = performance.now() + REST_MS;
    } catch (error) {
      this.dueMs = 0;
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn(`The signing keys could not be read, and stay as they are: ${reason}`);
    }
  }
}
