import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { AppConfig } from '../config/app-config.js';
import { SERVICE_CLIENT_SCOPES } from '../service-clients/service-client.entity.js';
import { ServiceEndpoints } from '../service-clients/service-endpoints.js';
import { AUTH_METHODS, ServerMetadataDto } from './oauth.dto.js';

@Public()
@ApiTags('oauth')
@Controller('.well-known')
export class ServerMetadataController {
  constructor(
    private readonly config: AppConfig,
    private readonly endpoints: ServiceEndpoints,
  ) {}

  @Get('oauth-authorization-server')
  @Header('Cache-Control', 'public, max-age=600')
  @Operation({
    id: 'getServerMetadata',
    summary: 'Where other services find what (RFC 8414)',
    body: ServerMetadataDto,
  })
  read(): ServerMetadataDto {
    const { bearerToken, http } = this.config;
    return {
      issuer: bearerToken.issuer,
      jwks_uri: `${http.publicUrl}/.well-known/jwks.json`,
      introspection_endpoint: `${http.publicUrl}/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: [...AUTH_METHODS],
      revocation_endpoint: `${http.publicUrl}/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: [...AUTH_METHODS],
      scopes_supported: [...SERVICE_CLIENT_SCOPES],
      response_types_supported: [],
      grant_types_supported: [],
      ...this.endpoints.all(),
      ...(http.docs && { service_documentation: `${http.publicUrl}/docs` }),
    };
  }
}
