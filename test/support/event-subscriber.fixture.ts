import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { EventsModule } from '../../src/events/events.module.js';

/** So many are done. The last of them is not noted as done, and nothing that was begun besides ends. */
let left = Number(process.env.EVENTS_DONE ?? Infinity);
const forever = new Promise<never>(() => {});

@Module({ imports: [ConfigModule.forRoot(), DatabaseModule, EventsModule] })
class SubscriberModule {
  constructor(events: DomainEvents) {
    events.deliver('recorder', ['user.updated'], async ({ userId, fields }) => {
      tell('begun', userId, fields);
      await delay(20);
      if (left === 0) await forever;
      left -= 1;
      tell('done', userId, fields);
      if (left === 0) await forever;
    });
  }
}

/** At once: what a process has written is there when it is killed right after. */
function tell(what: string, userId: string, fields: readonly string[]): void {
  process.stdout.write(`${what} ${userId} ${fields.join(' ')}\n`);
}

// A subscriber in a process of its own, for tests that kill it.
await NestFactory.createApplicationContext(SubscriberModule, { logger: false });
