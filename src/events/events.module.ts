import { Global, Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { DomainEvents } from './domain-events.js';
import { EventDeliveries } from './event-deliveries.js';
import { EventLog } from './event-log.js';
import { EventWorkers } from './event-workers.js';
import { CreateDomainEvents1764000012000 } from './migrations/1764000012000-create-domain-events.js';
import { StoredEvent } from './stored-event.entity.js';

/** Global, because any part may publish or subscribe. */
@Global()
@Module({
  imports: [DatabaseModule.forFeature([StoredEvent], [CreateDomainEvents1764000012000])],
  providers: [DomainEvents, EventDeliveries, EventLog, EventWorkers],
  exports: [DomainEvents, EventLog],
})
export class EventsModule {}
