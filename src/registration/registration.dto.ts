import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { type Transport, TransportField } from '../auth/auth.dto.js';
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

export class PasswordRulesDto {
  @ApiProperty({ type: 'integer', description: 'Unicode code points.' }) minLength: number;
  @ApiProperty({ type: 'integer' }) maxBytes: number;
  @ApiProperty() requireMixedCase: boolean;
  @ApiProperty() requireNumber: boolean;
  @ApiProperty() requireSymbol: boolean;
}

/** What a sign-in page needs to know (parity RG-08). */
export class SettingsDto {
  @ApiProperty({ enum: ['open', 'closed', 'verified'] }) registration: 'open' | 'closed' | 'verified';
  @ApiProperty({ enum: ['email', 'username', 'both'] }) loginAttribute: 'email' | 'username' | 'both';
  @ApiProperty() password: PasswordRulesDto;
  @ApiProperty({ type: [String], description: 'Second factors that people can turn on.' })
  secondFactors: string[];

  static from({ users, passwords }: AppConfig): SettingsDto {
    const { minLength, requireMixedCase, requireNumber, requireSymbol } = passwords;
    return {
      registration: users.registration,
      loginAttribute: users.loginAttribute,
      password: { minLength, maxBytes: MAX_PASSWORD_BYTES, requireMixedCase, requireNumber, requireSymbol },
      secondFactors: [],
    };
  }
}
