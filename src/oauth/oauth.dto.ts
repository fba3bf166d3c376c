import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsOptional, IsString } from 'class-validator';
import { IgnoreUnknownFields } from '../common/request.pipe.js';
import { SERVICE_CLIENT_SCOPES } from '../service-clients/service-client.entity.js';

/** What introspection and revocation take. Unknown parameters are ignored (RFC 6749, section 3.2). */
@IgnoreUnknownFields()
export class TokenRequestDto {
  @IsString()
  @IsNotEmpty()
  @ApiProperty({ description: 'An access token or a refresh token.' })
  token: string;

  @IsOptional()
  @IsString()
  @ApiPropertyOptional({ description: 'Not needed: the token says what it is. Any value is accepted.' })
  token_type_hint?: string;

  @IsOptional()
  @IsString()
  @ApiPropertyOptional({ description: 'With `client_secret`, instead of HTTP Basic.' })
  client_id?: string;

  @IsOptional()
  @IsString()
  @ApiPropertyOptional()
  client_secret?: string;
}

/** How a service client may authenticate at the two endpoints. */
export const AUTH_METHODS = ['client_secret_basic', 'client_secret_post'] as const;

type AuthMethod = (typeof AUTH_METHODS)[number];

const AuthMethods = (): PropertyDecorator => ApiProperty({ enum: AUTH_METHODS, isArray: true });

/** Authorization server metadata (RFC 8414, section 2), as far as there is something to say. */
export class ServerMetadataDto {
  @ApiProperty({ description: 'The `iss` of every token.' }) issuer: string;
  @ApiProperty() jwks_uri: string;
  @ApiProperty() introspection_endpoint: string;
  @AuthMethods() introspection_endpoint_auth_methods_supported: AuthMethod[];
  @ApiProperty() revocation_endpoint: string;
  @AuthMethods() revocation_endpoint_auth_methods_supported: AuthMethod[];
  @ApiProperty({ enum: SERVICE_CLIENT_SCOPES, isArray: true }) scopes_supported: string[];
  @ApiProperty({ type: [String], description: 'None: there is no authorization endpoint.' })
  response_types_supported: string[];
  @ApiProperty({ type: [String], description: 'None: there is no token endpoint.' })
  grant_types_supported: string[];
  @ApiPropertyOptional({ description: 'Our own member: which sessions have ended.' })
  revocation_feed_endpoint?: string;
  @ApiPropertyOptional({ description: 'Unless `DOCS=off`.' }) service_documentation?: string;
}
