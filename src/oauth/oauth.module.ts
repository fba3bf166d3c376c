import { Module } from '@nestjs/common';
import { ServiceClientsModule } from '../service-clients/service-clients.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { IntrospectionService } from './introspection.service.js';
import { OauthController } from './oauth.controller.js';
import { ServerMetadataController } from './server-metadata.controller.js';

/** What other services ask about tokens, in the words of OAuth. */
@Module({
  imports: [ServiceClientsModule, TokensModule],
  controllers: [OauthController, ServerMetadataController],
  providers: [IntrospectionService],
})
export class OauthModule {}
