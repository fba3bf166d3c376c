import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';

/** After NFC. */
export const MAX_PASSWORD_BYTES = 1024;
/** No text that NFC brings to MAX_PASSWORD_BYTES is longer; normalising takes quadratic time, so longer ones never get there. */
const MAX_TYPED_LENGTH = 2 * MAX_PASSWORD_BYTES;

/** A password as it was typed: only type and size are checked here, rules where one is set. */
export const PasswordField = (): PropertyDecorator =>
  applyDecorators(
    ValidateBy({
      name: 'is_password',
      validator: {
        validate: (value: unknown) =>
          typeof value === 'string' &&
          value.length <= MAX_TYPED_LENGTH &&
          Buffer.byteLength(value.normalize('NFC')) <= MAX_PASSWORD_BYTES,
        defaultMessage: () => `A password is text of at most ${MAX_PASSWORD_BYTES} bytes.`,
      },
    }),
    ApiProperty({
      type: String,
      format: 'password',
      maxLength: MAX_PASSWORD_BYTES,
      example: 'correct horse battery',
    }),
  );
