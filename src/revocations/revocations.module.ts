import { Module, type OnModuleInit } from '@nestjs/common';
import { ServiceClientsModule } from '../service-clients/service-clients.module.js';
import { ServiceEndpoints } from '../service-clients/service-endpoints.js';
import { RevocationsController } from './revocations.controller.js';
import { RevocationsService } from './revocations.service.js';

/** `GET /api/revocations`, for services elsewhere that check tokens themselves. */
@Module({
  imports: [ServiceClientsModule],
  controllers: [RevocationsController],
  providers: [RevocationsService],
})
export class RevocationsModule implements OnModuleInit {
  constructor(private readonly endpoints: ServiceEndpoints) {}

  onModuleInit(): void {
    this.endpoints.add('revocation_feed_endpoint', '/api/revocations');
  }
}
