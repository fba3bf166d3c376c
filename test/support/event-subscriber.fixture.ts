import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { EventsModule } from '../../src/events/events.module.js';

@Module({ imports: [ConfigModule.forRoot(), DatabaseModule, EventsModule] })
class SubscriberModule {
  constructor(events: DomainEvents) {
    events.deliver('recorder', ['user.updated'], async ({ userId, fields }) => {
      tell('begun', userId, fields);
      await delay(20);
      tell('done', userId, fields);
    });
  }
}

/** At once: what a process has written is there when it is killed right after. */
function tell(what: string, userId: string, fields: readonly string[]): void {
  process.stdout.write(`${what} ${userId} ${fields.join(' ')}\n`);
}

// A subscriber in a process of its own, for tests that kill it.
await NestFactory.createApplicationContext(SubscriberModule, { logger: false });
