import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { TransportField } from '../auth/auth.dto.js';
import type { Transport } from '../auth/token-bundle.js';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';
import { AppConfig } from '../config/app-config.js';
import { MAX_PASSWORD_BYTES, PasswordField } from '../passwords/password.fields.js';
import { EmailField, NameField, UsernameField } from '../users/user.fields.js';

const isSamePassword = {
  name: 'is_same_password',
  validator: {
    validate: (value: unknown, args?: ValidationArguments) =>
      value === (args?.object as RegisterDto).password,
    defaultMessage: () => 'The two passwords differ.',
  },
};

export class RegisterDto {
  @EmailField() email: string;
  @PasswordField() password: string;

  @MayBeAbsent()
  @ValidateBy(isSamePassword)
  @ApiPropertyOptional({ type: String, format: 'password', description: 'If sent, must equal `password`.' })
  passwordConfirmation?: string;

  @NameField() firstName?: string | null;
  @NameField() lastName?: string | null;
  @UsernameField() username?: string | null;
  @TransportField() transport?: Transport;
}

export class WantedNameDto {
  @UsernameField() username?: string | null;

  @MayBeAbsent()
  @EmailField()
  @ApiPropertyOptional({ description: 'With `REGISTRATION=open`, instead of `username`.' })
  email?: string;
}

export class AvailabilityDto {
  @ApiProperty() available: boolean;
}

export class PasswordRulesDto {
  @ApiProperty({ type: 'integer', description: 'Unicode code points.' }) minLength: number;
  @ApiProperty({ type: 'integer' }) maxBytes: number;
  @ApiProperty() requireMixedCase: boolean;
  @ApiProperty() requireNumber: boolean;
  @ApiProperty() requireSymbol: boolean;
  @ApiProperty({ description: 'Not in a known breach.' }) requireUncompromised: boolean;
}

/** What a sign-in page needs to know (parity RG-08). */
export class SettingsDto {
  @ApiProperty({ enum: ['open', 'closed', 'verified'] }) registration: 'open' | 'closed' | 'verified';
  @ApiProperty({ enum: ['email', 'username', 'both'] }) loginAttribute: 'email' | 'username' | 'both';
  @ApiProperty() password: PasswordRulesDto;
  @ApiProperty({
    enum: ['off', 'optional', 'required'],
    description: 'Whether people may, or must, have one.',
  })
  twoFactor: 'off' | 'optional' | 'required';
  @ApiProperty({ type: [String], example: ['totp'], description: 'Second factors that people can turn on.' })
  secondFactors: string[];

  static from({ users, passwords }: AppConfig, secondFactors: string[]): SettingsDto {
    const { minLength, requireMixedCase, requireNumber, requireSymbol, requireUncompromised } = passwords;
    const demands = { requireMixedCase, requireNumber, requireSymbol, requireUncompromised };
    return {
      registration: users.registration,
      loginAttribute: users.loginAttribute,
      password: { minLength, maxBytes: MAX_PASSWORD_BYTES, ...demands },
      twoFactor: users.twoFactor,
      secondFactors,
    };
  }
}
