import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import { Housekeeping } from '../database/housekeeping.js';
import { EventDeliveries } from './event-deliveries.js';
import { type EventHandler, EventWorker } from './event-worker.js';

/** A name that is good in SQL as it is. */
const NAME = /^[a-z][a-z0-9.-]{0,62}$/;

/** The subscribers of this process that events are delivered to. */
@Injectable()
export class EventWorkers implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly workers = new Map<string, EventWorker>();

  constructor(
    private readonly database: Database,
    private readonly deliveries: EventDeliveries,
    private readonly housekeeping: Housekeeping,
  ) {}

  /** @param types null: all */
  add(subscriber: string, types: readonly string[] | null, handler: EventHandler): void {
    if (!NAME.test(subscriber)) throw new Error(`"${subscriber}" is no name for a subscriber.`);
    if (this.workers.has(subscriber)) throw new Error(`There is a subscriber "${subscriber}" already.`);
    this.workers.set(subscriber, new EventWorker(subscriber, types, handler, this.deliveries));
    this.housekeeping.add(`UPDATE event_subscribers SET seen_at = now() WHERE name = '${subscriber}'`);
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const worker of this.workers.values()) await worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
  }

  /** Whether a subscriber of this process asked for this type by name. */
  asksFor(type: string): boolean {
    return [...this.workers.values()].some((worker) => worker.asksFor(type));
  }

  /** Those who get this type look for it as soon as the manager's transaction has committed. */
  async wake(type: string, manager: EntityManager): Promise<void> {
    for (const worker of this.workers.values()) {
      if (worker.gets(type)) await this.database.afterCommit(manager, worker.wake);
    }
  }
}
