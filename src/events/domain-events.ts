import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../database/database.js';
import type { DeliveredEvent, DomainEvent, EventType } from './domain-event.js';
import { EventLog } from './event-log.js';
import type { EventHandler } from './event-worker.js';
import { EventWorkers } from './event-workers.js';

type Handler<T extends EventType> = (event: DomainEvent<T>, manager: EntityManager) => Promise<void> | void;

/** Whether the request being served may change anything still; refuses by throwing. */
type Check = (manager: EntityManager) => Promise<void>;

/** What happened: told to other parts inside the change, kept in the log, and delivered after the commit. */
@Injectable()
export class DomainEvents {
  private readonly handlers = new Map<EventType, Handler<never>[]>();
  private readonly checks: Check[] = [];

  constructor(
    private readonly database: Database,
    private readonly log: EventLog,
    private readonly workers: EventWorkers,
  ) {}

  /**
   * Subscribes inside the transaction of the change: what the handler writes commits or rolls back with it, and a handler
   * that fails fails the change. For the life of the process; call it from `onModuleInit`.
   */
  on<T extends EventType>(type: T, handler: Handler<T>): void {
    this.handlers.set(type, [...(this.handlers.get(type) ?? []), handler]);
  }

  /**
   * Asks `check` in the transaction of each change, before it is told that whoever sends the request being served has made
   * it; what it throws undoes the change. Call it from `onModuleInit`.
   */
  onPublishing(check: Check): void {
    this.checks.push(check);
  }

  /**
   * Subscribes after the commit: the handler gets each event at least once, those of one user one after the other in
   * order, and again later when it fails, or when the process dies meanwhile. Of all replicas one gets it. It may be slow,
   * up to half a minute. For the life of the process; call it from `onModuleInit`.
   * @param subscriber a lasting name, the same in all replicas
   * @param types `'*'` for all
   */
  deliver<T extends EventType>(
    subscriber: string,
    types: readonly T[] | '*',
    handler: (event: DeliveredEvent<T>, signal: AbortSignal) => Promise<void>,
  ): void {
    this.workers.add(subscriber, types === '*' ? null : types, handler as EventHandler);
  }

  /** Stores the event and runs every subscriber `on` it, in the order in which they subscribed. */
  async publish<T extends EventType>(event: DomainEvent<T>, manager: EntityManager): Promise<void> {
    if (event.actor === undefined) for (const check of this.checks) await check(manager);
    await this.tell(event, manager);
  }

  /** `publish`, unless the request being served has told the same before; for work that is repeated until it succeeds. */
  async publishOnce<T extends EventType>(event: DomainEvent<T>, manager: EntityManager): Promise<void> {
    if (!(await this.log.includes(event, manager))) await this.publish(event, manager);
  }

  /**
   * `publish` in a transaction of its own, for what has failed: it stays when the request's changes are rolled back, and
   * is told whoever tried.
   * Not within a transaction: it takes a connection.
   */
  async record<T extends EventType>(event: DomainEvent<T>): Promise<void> {
    await this.database.transaction((manager) => this.tell(event, manager));
  }

  /** Whether anybody here asked for this type; for what happens all the time and is told only then. */
  isWanted(type: EventType): boolean {
    return this.handlers.has(type) || this.workers.asksFor(type);
  }

  private async tell<T extends EventType>(event: DomainEvent<T>, manager: EntityManager): Promise<void> {
    await this.log.append(event, manager);
    for (const handler of this.handlers.get(event.type) ?? []) {
      await (handler as unknown as Handler<T>)(event, manager);
    }
    // Last, because of what subscribers told of them meanwhile.
    if (event.type === 'user.deleted') await this.log.forget(event.userId as string, manager);
    await this.workers.wake(event.type, manager);
  }
}
