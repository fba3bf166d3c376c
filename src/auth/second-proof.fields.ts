import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';

const CODE = '^[0-9]{6}$';
/** Six groups of four, with room for what people type between them. */
const MAX_RECOVERY_CODE_LENGTH = 64;

/** The code that an authenticator app shows: text, because a number would lose its leading zeros. */
export const CodeField = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    IsString(),
    Matches(new RegExp(CODE), { message: 'A code is six digits.' }),
    ApiPropertyOptional({ type: String, pattern: CODE, example: '492039' }),
  );

export const RecoveryCodeField = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    IsString(),
    MaxLength(MAX_RECOVERY_CODE_LENGTH),
    ApiPropertyOptional({
      type: String,
      maxLength: MAX_RECOVERY_CODE_LENGTH,
      description: 'One of the recovery codes; case and hyphens do not matter.',
    }),
  );
