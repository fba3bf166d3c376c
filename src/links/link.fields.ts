import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';

/** The secret of a mailed link, as its `?token=`. */
export const LinkTokenField = (): PropertyDecorator =>
  applyDecorators(
    IsString(),
    IsNotEmpty(),
    MaxLength(8192),
    ApiProperty({ minLength: 1, maxLength: 8192, description: 'The `token` of the mailed link.' }),
  );

/** Where a mailed link shall lead instead of `APP_URL` (parity EV-07). */
export const RedirectToField = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    IsString(),
    MaxLength(2048),
    ApiPropertyOptional({ maxLength: 2048, description: 'Exactly an entry of REDIRECT_URLS.' }),
  );
