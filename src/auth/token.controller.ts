import { Get, Header, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { HttpRequest } from '../common/http.js';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { RestController } from './rest-controller.decorator.js';
import { TokenReader } from './token-reader.js';

class TokenQuery {
  @IsOptional()
  @IsIn(['true', 'false'])
  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'The encoded token instead of its claims.' })
  raw?: 'true' | 'false';
}

const claimsOrToken = {
  oneOf: [
    { type: 'object', nullable: true, additionalProperties: true, description: 'The claims.' },
    { type: 'string', description: 'The encoded token, with `raw=true`.' },
  ],
};

/** The token of this request, as Auth.js' `getToken` would give it (parity JA-01, JA-02). */
@RestController('token', 'auth')
export class TokenController {
  constructor(private readonly reader: TokenReader) {}

  @Public()
  @Get()
  @Header('Cache-Control', 'no-store')
  // Left to themselves, frameworks send a string as plain text and null as nothing; here both are JSON.
  @Header('Content-Type', 'application/json; charset=utf-8')
  @Operation({
    id: 'getToken',
    summary: 'The claims of the token that came with this request, or null',
    readsToken: true,
  })
  @ApiOkResponse({ schema: claimsOrToken })
  async token(@Query() query: TokenQuery, @Req() request: HttpRequest): Promise<string> {
    const { reader } = this;
    const found = await (query.raw === 'true' ? reader.rawFromHeader(request) : reader.claims(request));
    return JSON.stringify(found);
  }
}
