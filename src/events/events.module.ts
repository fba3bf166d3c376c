import { Global, Module } from '@nestjs/common';
import { DomainEvents } from './domain-events.js';

/** Global, because any part may publish or subscribe. */
@Global()
@Module({ providers: [DomainEvents], exports: [DomainEvents] })
export class EventsModule {}
