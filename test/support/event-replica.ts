import type { OnModuleInit } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule } from '../../src/config/config.module.js';
import type { Environment } from '../../src/config/environment.js';
import { Database } from '../../src/database/database.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import type { DeliveredEvent } from '../../src/events/domain-event.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { EventsModule } from '../../src/events/events.module.js';
import { LogRecorder } from './log-recorder.js';

export type Update = DeliveredEvent<'user.updated'>;
export type UpdateHandler = (event: Update, signal: AbortSignal) => Promise<void>;

/** Nothing but events, on a database that others may share. Tests tell them apart by the names of updated fields. */
export class EventReplica {
  private constructor(
    readonly module: TestingModule,
    readonly log: LogRecorder,
  ) {}

  /** @param subscribers who gets every `user.updated`; `subscribe` may add others */
  static async start(
    environment: Environment,
    subscribers: Record<string, UpdateHandler> = {},
    subscribe: (events: DomainEvents) => void = () => {},
  ): Promise<EventReplica> {
    const imports = [ConfigModule.forRoot(environment), DatabaseModule, EventsModule];
    const useFactory = (events: DomainEvents): OnModuleInit => ({
      onModuleInit: () => {
        for (const [name, handler] of Object.entries(subscribers)) {
          events.deliver(name, ['user.updated'], handler);
        }
        subscribe(events);
      },
    });
    const providers = [{ provide: 'subscribers', inject: [DomainEvents], useFactory }];
    const module = await Test.createTestingModule({ imports, providers }).compile();
    const log = new LogRecorder();
    module.useLogger(log);
    await module.init();
    return new EventReplica(module, log);
  }

  get events(): DomainEvents {
    return this.module.get(DomainEvents);
  }

  get database(): Database {
    return this.module.get(Database);
  }

  /** Commits an event that carries `name`. */
  publish(userId: string, name: string): Promise<void> {
    return this.database.transaction((manager) =>
      this.events.publish({ type: 'user.updated', userId, fields: [name] }, manager),
    );
  }

  close(): Promise<void> {
    return this.module.close();
  }
}

/** What the updated field of an event is called. */
export function nameOf({ fields }: Update): string {
  return fields[0] ?? '';
}
