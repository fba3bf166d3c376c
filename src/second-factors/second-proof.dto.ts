import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { CodeField, RecoveryCodeField } from '../auth/second-proof.fields.js';
import type { SecondProof } from '../auth/sign-in-attempt.js';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';

/** Beyond any that an authenticator makes. */
const MAX_ASSERTION_LENGTH = 16_384;
const ASSERTED = ['clientDataJSON', 'authenticatorData', 'signature'];

/** The shape of an `AuthenticationResponseJSON` (WebAuthn Level 3, section 5.1); its meaning is checked by whoever takes it. */
function isAssertion(value: unknown): boolean {
  const { id, type, response } = (value ?? {}) as Record<string, unknown>;
  if (typeof id !== 'string' || type !== 'public-key' || typeof response !== 'object') return false;
  const asserted = (response ?? {}) as Record<string, unknown>;
  if (ASSERTED.some((name) => typeof asserted[name] !== 'string')) return false;
  return JSON.stringify(value).length <= MAX_ASSERTION_LENGTH;
}

/** What `navigator.credentials.get` gave, as JSON. */
const PasskeyField = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    ValidateBy({
      name: 'is_assertion',
      validator: {
        validate: isAssertion,
        defaultMessage: () => 'A passkey is the JSON of what an authenticator answered.',
      },
    }),
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: true,
      description: 'The answer of an authenticator (`PublicKeyCredential.toJSON()`).',
    }),
  );

/** What a person shows for a second factor: one of the fields. */
export class SecondProofDto implements SecondProof {
  @CodeField() code?: string;
  @RecoveryCodeField() recoveryCode?: string;
  @PasskeyField() passkey?: object;
}
