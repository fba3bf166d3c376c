import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { CreateServiceClients1764000010000 } from './migrations/1764000010000-create-service-clients.js';
import { ServiceClient } from './service-client.entity.js';
import { ServiceClientsService } from './service-clients.service.js';

/** Other services that ask about tokens in their own name, and the guard of the routes for them. */
@Module({
  imports: [DatabaseModule.forFeature([ServiceClient], [CreateServiceClients1764000010000])],
  providers: [ServiceClientsService],
  exports: [ServiceClientsService],
})
export class ServiceClientsModule {}
