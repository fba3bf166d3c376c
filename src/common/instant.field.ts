import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { isISO8601, isRFC3339, ValidateBy } from 'class-validator';
import { MayBeAbsent } from './may-be-absent.decorator.js';

/** A moment that exists, with its offset: without one it would be the server's local time. */
function isInstant(value: unknown): boolean {
  return isRFC3339(value) && isISO8601(value, { strict: true }) && !Number.isNaN(Date.parse(String(value)));
}

/** An optional moment in a query. */
export const InstantField = (description: string): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    ValidateBy({
      name: 'isInstant',
      validator: {
        validate: isInstant,
        defaultMessage: (field) => `${field?.property} must be a time such as 2026-01-31T12:00:00Z`,
      },
    }),
    ApiPropertyOptional({ format: 'date-time', description, example: '2026-01-31T12:00:00Z' }),
  );
