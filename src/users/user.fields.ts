import { applyDecorators } from '@nestjs/common';
import { IsOptional, ValidateBy } from 'class-validator';
import { Transform } from 'class-transformer';
import { ApiProperty } from '@nestjs/swagger';
import { parseEmailAddress } from './email-address.js';
import { MAX_NAME_LENGTH, parsePersonName } from './person-name.js';
import { isUsername } from './username.js';

/** A string that `parse` turns into its canonical form, or refuses by returning null. */
function Canonical(code: string, message: string, parse: (text: string) => string | null): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parse(value) ?? value) : value,
    ),
    ValidateBy({
      name: code,
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parse(value) !== null,
        defaultMessage: () => message,
      },
    }),
  );
}

/** A mail address, in its canonical form once validated. */
export const EmailField = (): PropertyDecorator =>
  applyDecorators(
    Canonical('is_email', 'This is not an e-mail address that we accept.', parseEmailAddress),
    ApiProperty({ type: String, format: 'email', maxLength: 254, example: 'ada@example.com' }),
  );

/** An optional first or last name; null clears it. */
export const NameField = (): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    // A form that was left blank says that there is no name.
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && value.trim() === '' ? null : value,
    ),
    Canonical('is_name', `A name has at most ${MAX_NAME_LENGTH} ordinary characters.`, parsePersonName),
    ApiProperty({
      type: String,
      maxLength: MAX_NAME_LENGTH,
      nullable: true,
      required: false,
      example: 'Ada',
    }),
  );

/** An optional username; null means none. */
export const UsernameField = (): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    Canonical(
      'is_username',
      'A username has 2 to 255 letters, digits, dots, hyphens or underscores.',
      (text) => (isUsername(text) ? text : null),
    ),
    ApiProperty({
      type: String,
      minLength: 2,
      maxLength: 255,
      pattern: '^[A-Za-z0-9._-]+$',
      nullable: true,
      required: false,
      example: 'ada',
    }),
  );
