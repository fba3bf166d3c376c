import { Module } from '@nestjs/common';
import { ServiceClientsModule } from '../service-clients/service-clients.module.js';
import { RevocationCursors } from './revocation-cursors.js';
import { RevocationsController } from './revocations.controller.js';
import { RevocationsService } from './revocations.service.js';

/** `GET /api/revocations`, for services elsewhere that check tokens themselves. */
@Module({
  imports: [ServiceClientsModule],
  controllers: [RevocationsController],
  providers: [RevocationsService, RevocationCursors],
})
export class RevocationsModule {}
