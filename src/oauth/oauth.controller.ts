import { Body, Header, Post } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { RestController } from '../auth/rest-controller.decorator.js';
import { SignOutService } from '../auth/sign-out.service.js';
import { Operation } from '../common/operation.decorator.js';
import { ServiceClientOnly } from '../service-clients/service-client.guard.js';
import { InsufficientScope, InvalidClient } from '../service-clients/service-clients.errors.js';
import { IntrospectionService } from './introspection.service.js';
import { INTROSPECTION } from './introspection.schema.js';
import { OAUTH_ERROR } from './oauth-error.js';
import { TokenRequestDto } from './oauth.dto.js';

const OAUTH = {
  problems: [InvalidClient, InsufficientScope],
  settings: { form: true, errorFormat: OAUTH_ERROR },
};

/** For other services, in the words of OAuth: snake_case, forms, and errors of its own. */
@RestController('oauth', 'oauth')
export class OauthController {
  constructor(
    private readonly introspection: IntrospectionService,
    private readonly signOut: SignOutService,
  ) {}

  @ServiceClientOnly('tokens:introspect')
  @Post('introspect')
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'introspectToken',
    summary: 'What a token is worth now (RFC 7662)',
    description: 'A token that does not count, for whatever reason, is `{"active":false}` and nothing more.',
    ...OAUTH,
  })
  @ApiOkResponse({ schema: INTROSPECTION })
  introspect(@Body() { token }: TokenRequestDto): ReturnType<IntrospectionService['introspect']> {
    return this.introspection.introspect(token);
  }

  @ServiceClientOnly('tokens:revoke')
  @Post('revoke')
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'revokeToken',
    summary: "End a token's session (RFC 7009)",
    description:
      'Access and refresh tokens of the session are refused at once. An unknown token is no error.',
    ...OAUTH,
  })
  async revoke(@Body() { token }: TokenRequestDto): Promise<void> {
    await this.signOut.signOut({ accessTokens: [token], refreshTokens: [token] });
  }
}
