import { Injectable } from '@nestjs/common';
import type { NewsItem, NewsListener } from './news-item.js';

/** Where those who remember something hear that it has changed, in this process or in another replica. */
@Injectable()
export class News {
  private readonly listeners: NewsListener[] = [];

  /** For the life of the process; call it from `onModuleInit`. */
  listen(listener: NewsListener): void {
    this.listeners.push(listener);
  }

  spread(items: readonly NewsItem[]): void {
    for (const item of items) for (const listener of this.listeners) listener.hear(item);
  }

  /** Some may have been missed: everybody starts empty. */
  lose(): void {
    for (const listener of this.listeners) listener.missed();
  }
}
