import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { EventsModule } from '../events/events.module.js';
import { CreateServiceClients1764000010000 } from './migrations/1764000010000-create-service-clients.js';
import { ServiceClient } from './service-client.entity.js';
import { ServiceClientsService } from './service-clients.service.js';
import { ServiceEndpoints } from './service-endpoints.js';

/** Other services that ask about tokens in their own name, the guard of the routes for them, and where those are. */
@Module({
  imports: [DatabaseModule.forFeature([ServiceClient], [CreateServiceClients1764000010000]), EventsModule],
  providers: [ServiceClientsService, ServiceEndpoints],
  exports: [ServiceClientsService, ServiceEndpoints],
})
export class ServiceClientsModule {}
