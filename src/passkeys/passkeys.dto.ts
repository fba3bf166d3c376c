import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsObject, IsString, MaxLength, ValidateBy } from 'class-validator';
import { TransportField } from '../auth/auth.dto.js';
import type { Transport } from '../auth/token-bundle.js';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';
import { parsePersonName } from '../users/person-name.js';
import type { Passkey } from './passkey.entity.js';

const MAX_NAME_LENGTH = 64;
const MAX_CHALLENGE_ID_LENGTH = 64;

/** What a person calls it: a line of ordinary characters. */
function parsePasskeyName(text: string): string | null {
  const name = parsePersonName(text);
  return name && [...name].length <= MAX_NAME_LENGTH ? name : null;
}

const NameField = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parsePasskeyName(value) ?? value) : value,
    ),
    ValidateBy({
      name: 'is_name',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parsePasskeyName(value) !== null,
        defaultMessage: () => `A name has 1 to ${MAX_NAME_LENGTH} ordinary characters.`,
      },
    }),
  );

const AnswerField = (of: 'create' | 'get'): PropertyDecorator =>
  applyDecorators(
    IsObject(),
    ApiProperty({
      type: 'object',
      additionalProperties: true,
      description: `What \`navigator.credentials.${of}\` gave, by its \`toJSON()\`.`,
    }),
  );

const name = { minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'My phone' };

export class PasskeyRequestDto {
  @MayBeAbsent()
  @IsString()
  @MaxLength(MAX_CHALLENGE_ID_LENGTH)
  @ApiPropertyOptional({
    maxLength: MAX_CHALLENGE_ID_LENGTH,
    description: 'The `id` of a challenge that shall be answered; absent: to sign in with nothing else.',
  })
  challengeId?: string;
}

export class PasskeyLoginDto {
  @AnswerField('get') passkey: object;

  @MayBeAbsent()
  @IsBoolean()
  @ApiPropertyOptional({ description: 'Keep the session for SESSION_REMEMBER_TTL.' })
  remember?: boolean;

  @TransportField() transport?: Transport;
}

export class RegisterPasskeyDto {
  @AnswerField('create') passkey: object;
  @MayBeAbsent() @NameField() @ApiPropertyOptional(name) name?: string;
}

export class RenamePasskeyDto {
  @NameField() @ApiProperty(name) name: string;
}

/** For an authenticator, by way of the browser. */
export class CreationOptionsDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: '`PublicKeyCredentialCreationOptionsJSON` of WebAuthn, for `navigator.credentials.create`.',
  })
  options: object;
}

/** For an authenticator, by way of the browser. */
export class RequestOptionsDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: '`PublicKeyCredentialRequestOptionsJSON` of WebAuthn, for `navigator.credentials.get`.',
  })
  options: object;
}

const nullableTime = { type: String, format: 'date-time', nullable: true } as const;

/** A passkey as its owner sees it. */
export class PasskeyDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty({ type: String, nullable: true, example: 'My phone' }) name: string | null;
  @ApiProperty({ description: 'Its name in WebAuthn, base64url: for `signalAllAcceptedCredentials`.' })
  credentialId: string;
  @ApiProperty({ format: 'date-time' }) createdAt: string;
  @ApiProperty(nullableTime) lastUsedAt: string | null;
  @ApiProperty({ description: 'Whether it is synchronised, so that losing a device does not lose it.' })
  synced: boolean;
  @ApiProperty({ type: [String], example: ['internal', 'hybrid'] }) transports: string[];
  @ApiProperty({ format: 'uuid', description: 'The make of its authenticator; zeros where it does not say.' })
  aaguid: string;

  static from(passkey: Passkey): PasskeyDto {
    return {
      id: passkey.id,
      name: passkey.name,
      credentialId: passkey.credentialId.toString('base64url'),
      createdAt: passkey.createdAt.toISOString(),
      lastUsedAt: passkey.lastUsedAt?.toISOString() ?? null,
      synced: passkey.backedUp,
      transports: passkey.transports,
      aaguid: passkey.aaguid,
    };
  }
}

export class RegisteredPasskeyDto extends PasskeyDto {
  @ApiPropertyOptional({
    type: [String],
    description: "Shown once, with the person's first second factor.",
    example: ['7K3M-0Q5V-B2XD-9RTY-4HJN-6WSA'],
  })
  recoveryCodes?: string[];

  static registered(passkey: Passkey, recoveryCodes: string[] | null): RegisteredPasskeyDto {
    return { ...PasskeyDto.from(passkey), ...(recoveryCodes && { recoveryCodes }) };
  }
}
