import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { DomainEvent, EventType } from './domain-event.js';

type Handler<T extends EventType> = (event: DomainEvent<T>, manager: EntityManager) => Promise<void> | void;

/**
 * Tells other parts what happened, inside the transaction of the change: a subscriber's writes commit or
 * roll back together with it, and a subscriber that fails fails the change.
 */
@Injectable()
export class DomainEvents {
  private readonly handlers = new Map<EventType, Handler<never>[]>();

  /** Subscribes for the life of the process; call it from `onModuleInit`. */
  on<T extends EventType>(type: T, handler: Handler<T>): void {
    this.handlers.set(type, [...(this.handlers.get(type) ?? []), handler]);
  }

  /** Runs every subscriber of the event, in the order in which they subscribed. */
  async publish<T extends EventType>(event: DomainEvent<T>, manager: EntityManager): Promise<void> {
    for (const handler of this.handlers.get(event.type) ?? []) {
      await (handler as unknown as Handler<T>)(event, manager);
    }
  }
}
