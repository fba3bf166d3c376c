import { Controller, Get, Header } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Operation } from '../common/operation.decorator.js';
import { Public } from '../common/public.decorator.js';
import { JWT_ALGORITHMS } from '../config/app-config.js';
import { JWKS_CACHE_SECONDS } from './key-life.js';
import { KeyRing, type PublicJwk } from './key-ring.js';

export class JwkDto implements PublicJwk {
  @ApiProperty({ enum: ['EC', 'RSA'] }) kty: string;
  @ApiProperty({ description: 'As in the header of the tokens it verifies.' }) kid: string;
  @ApiProperty({ enum: JWT_ALGORITHMS.filter((name) => !name.startsWith('HS')) }) alg: string;
  @ApiProperty({ enum: ['sig'] }) use: 'sig';
  @ApiPropertyOptional({ enum: ['P-256', 'P-384', 'P-521'], description: 'Of an EC key.' }) crv?: string;
  @ApiPropertyOptional({ description: 'Of an EC key.' }) x?: string;
  @ApiPropertyOptional({ description: 'Of an EC key.' }) y?: string;
  @ApiPropertyOptional({ description: 'Of an RSA key.' }) n?: string;
  @ApiPropertyOptional({ description: 'Of an RSA key.' }) e?: string;
}

export class JwksDto {
  @ApiProperty({ type: [JwkDto], description: 'Empty when tokens are signed with a secret.' }) keys: JwkDto[];
}

@Public()
@ApiTags('keys')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly keyRing: KeyRing) {}

  @Get('jwks.json')
  @Header('Cache-Control', `public, max-age=${JWKS_CACHE_SECONDS}`)
  @Operation({ id: 'getJwks', summary: 'The public keys that verify access tokens', body: JwksDto })
  read(): JwksDto {
    return this.keyRing.jwks();
  }
}
