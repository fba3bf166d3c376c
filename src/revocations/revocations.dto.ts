import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import type { Revocation, RevocationPage } from './revocations.service.js';

/** As long as a proxy in between keeps an idle request at least. */
const UP_TO_25 = /^(?:1?\d|2[0-5])$/;

export class RevocationsQuery {
  @IsOptional()
  @IsString()
  @MaxLength(8192)
  @ApiPropertyOptional({
    description: 'The `nextCursor` of the last answer. Without it: everything that still counts.',
  })
  after?: string;

  @IsOptional()
  @Matches(UP_TO_25, { message: 'wait must be a whole number from 0 to 25' })
  @ApiPropertyOptional({
    pattern: UP_TO_25.source,
    description: 'Seconds to wait for news when there is none.',
    example: '20',
  })
  wait?: string;
}

export class RevocationDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'This session is over.' }) sid?: string;
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Tokens of this user issued before `notBefore` are over.',
  })
  sub?: string;
  @ApiPropertyOptional({ description: 'This signing key is not trusted any more.' }) kid?: string;
  @ApiProperty({ format: 'date-time' }) notBefore: string;
  @ApiProperty({ format: 'date-time', description: 'From then on no token is left that it concerns.' })
  expiresAt: string;
  @ApiProperty({ example: 'logout' }) reason: string;

  static from({ item, toldAt, expiresAt }: Revocation): RevocationDto {
    const { reason, revokes: _revokes, ...subject } = item;
    return { ...subject, notBefore: toldAt.toISOString(), expiresAt: expiresAt.toISOString(), reason };
  }
}

export class RevocationsDto {
  @ApiProperty({ type: [RevocationDto] }) items: RevocationDto[];
  @ApiProperty() nextCursor: string;
  @ApiProperty({ description: 'Ask on at once: only an answer without more holds everything.' })
  hasMore: boolean;

  static from({ items, hasMore }: RevocationPage, nextCursor: string): RevocationsDto {
    return { items: items.map((item) => RevocationDto.from(item)), nextCursor, hasMore };
  }
}
