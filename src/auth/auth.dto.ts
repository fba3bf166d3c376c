import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';
import { IgnoreUnknownFields } from '../common/request.pipe.js';
import { PasswordField } from '../passwords/password.fields.js';
import { UserDto } from '../users/user.dto.js';
import type { Challenge } from './challenge.js';
import type { Principal } from './principal.js';
import { CodeField, RecoveryCodeField } from './second-proof.fields.js';
import type { Credentials } from './sign-in.service.js';
import type { TokenBundle, Transport } from './token-bundle.js';

/** How the tokens travel: in the body, or as two HttpOnly cookies. */
export const TransportField = (): PropertyDecorator => (target, key) => {
  MayBeAbsent()(target, key);
  IsIn(['body', 'cookie'])(target, key);
  // No `default`: openapi-typescript would make the field required.
  ApiPropertyOptional({ enum: ['body', 'cookie'], description: '`body` unless said.' })(target, key);
};

const MAX_LOGIN_LENGTH = 255;
/** Beyond any token of ours. */
const MAX_TOKEN_LENGTH = 8192;

/** What a person types to sign in, under one of three names. */
const LoginField = (description: string): PropertyDecorator => {
  return (target, key) => {
    IsString()(target, key);
    MaxLength(MAX_LOGIN_LENGTH)(target, key);
    ApiPropertyOptional({ type: String, maxLength: MAX_LOGIN_LENGTH, description })(target, key);
  };
};

/** Unknown fields are ignored here, because clients post their registration form (parity NX-02). */
@IgnoreUnknownFields()
export class LoginDto {
  @LoginField('Address or username. Required, unless `email` or `username` stands for it.')
  // Null is not absent: it would leave the other two unchecked and `credentials` would take them.
  @ValidateIf(({ login, email, username }: LoginDto) => {
    return login !== undefined || (email === undefined && username === undefined);
  })
  login?: string;

  @LoginField('Accepted for `login`.')
  @ValidateIf(({ login, email }: LoginDto) => login === undefined && email !== undefined)
  email?: string;

  @LoginField('Accepted for `login`.')
  @ValidateIf(({ login, email, username }: LoginDto) => {
    return login === undefined && email === undefined && username !== undefined;
  })
  username?: string;

  @PasswordField()
  password: string;

  @MayBeAbsent()
  @IsBoolean()
  @ApiPropertyOptional({ description: 'Keep the session for SESSION_REMEMBER_TTL.' })
  remember?: boolean;

  @TransportField()
  transport?: Transport;

  @CodeField() code?: string;
  @RecoveryCodeField() recoveryCode?: string;

  credentials(): Credentials {
    const { password, remember, transport, code, recoveryCode } = this;
    const login = this.login ?? this.email ?? this.username ?? '';
    return { login, password, remember, transport, code, recoveryCode };
  }
}

class ChallengeSummaryDto {
  @ApiProperty({ description: 'A secret; send it with the answer.' }) id: string;
  @ApiProperty({ type: [String], description: 'How it can be answered.', example: ['totp', 'recovery_code'] })
  methods: string[];
  @ApiProperty({ type: 'integer', description: 'Seconds until it is void.' }) expiresIn: number;
}

/** The password was right, and one more proof is due. */
export class ChallengeDto {
  @ApiProperty() challenge: ChallengeSummaryDto;

  static from({ id, methods, expiresInSeconds }: Challenge): ChallengeDto {
    return { challenge: { id, methods: [...methods], expiresIn: expiresInSeconds } };
  }
}

export class RefreshDto {
  @MayBeAbsent()
  @IsString()
  @MaxLength(MAX_TOKEN_LENGTH)
  @ApiPropertyOptional({ description: 'Absent: the refresh cookie.', maxLength: MAX_TOKEN_LENGTH })
  refreshToken?: string;
}

/** A client that has no refresh token signs out all the same, so null is as good as absent. */
export class LogoutDto {
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TOKEN_LENGTH)
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Its session ends too.',
    maxLength: MAX_TOKEN_LENGTH,
  })
  refreshToken?: string | null;
}

export class TokenBundleDto {
  @ApiPropertyOptional({
    description: 'The access token (JWT); with `transport: cookie` in a cookie instead.',
  })
  token?: string;
  @ApiProperty({ enum: ['Bearer'] }) tokenType: 'Bearer';
  @ApiProperty({ type: 'integer', description: 'Seconds.' }) expiresIn: number;
  @ApiProperty({ format: 'date-time' }) expiresAt: string;
  @ApiPropertyOptional({ description: 'With `transport: cookie` in a cookie instead.' })
  refreshToken?: string;
  @ApiProperty({ format: 'date-time', description: "The session's end." }) refreshExpiresAt: string;
  @ApiProperty() user: UserDto;

  static from(bundle: TokenBundle, transport: Transport): TokenBundleDto {
    const { token, refreshToken } = bundle;
    return {
      ...(transport === 'body' && { token }),
      tokenType: 'Bearer',
      expiresIn: bundle.expiresInSeconds,
      expiresAt: bundle.expiresAt.toISOString(),
      ...(transport === 'body' && { refreshToken }),
      refreshExpiresAt: bundle.refreshExpiresAt.toISOString(),
      user: UserDto.from(bundle.user),
    };
  }
}

export class SessionSummaryDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty({ format: 'date-time' }) createdAt: string;
  @ApiProperty({ format: 'date-time' }) expiresAt: string;
  @ApiProperty({ format: 'date-time', description: 'Sign-in, or the last confirmation of the password.' })
  authenticatedAt: string;
  @ApiProperty({
    type: [String],
    description: 'How the person proved themself (RFC 8176).',
    example: ['pwd'],
  })
  methods: string[];
}

export class CurrentSessionDto {
  @ApiProperty() user: UserDto;
  @ApiProperty() session: SessionSummaryDto;
  @ApiProperty({ format: 'date-time', description: 'The same as `session.expiresAt`.' }) expires: string;

  static from({ user, session }: Principal): CurrentSessionDto {
    const expires = session.expiresAt.toISOString();
    const { id, methods } = session;
    const authenticatedAt = session.authenticatedAt.toISOString();
    const createdAt = session.createdAt.toISOString();
    return {
      user: UserDto.from(user),
      session: { id, createdAt, expiresAt: expires, authenticatedAt, methods },
      expires,
    };
  }
}
