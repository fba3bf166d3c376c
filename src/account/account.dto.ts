import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';
import { describeAgent } from '../common/user-agent.js';
import { PasswordField } from '../passwords/password.fields.js';
import { SecondProofDto } from '../second-factors/second-proof.dto.js';
import type { Session } from '../sessions/session.entity.js';
import { NameField, UsernameField } from '../users/user.fields.js';

/** The fields that people may change about themselves; any other is refused (parity AC-01). */
export class UpdateAccountDto {
  @NameField() firstName?: string | null;
  @NameField() lastName?: string | null;
  @UsernameField() username?: string | null;
}

export class DeleteAccountDto {
  @MayBeAbsent()
  @PasswordField()
  @ApiPropertyOptional({ description: 'Not needed right after signing in or confirming the password.' })
  password?: string;
}

export class ChangePasswordDto {
  @PasswordField() currentPassword: string;
  @PasswordField() newPassword: string;
}

export class ConfirmPasswordDto extends SecondProofDto {
  @MayBeAbsent()
  @PasswordField()
  @ApiPropertyOptional({ description: 'Needed, unless a passkey stands for it.' })
  password?: string;
}

const nullableText = { type: String, nullable: true } as const;

/** A live session as its owner sees it (parity SS-09). */
export class SessionDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty({ ...nullableText, description: 'E.g. `desktop`, or a model where the browser tells.' })
  device: string | null;
  @ApiProperty({ ...nullableText, example: 'Firefox 145' }) browser: string | null;
  @ApiProperty({ ...nullableText, example: 'macOS' }) system: string | null;
  @ApiProperty(nullableText) ip: string | null;
  @ApiProperty({ format: 'date-time' }) createdAt: string;
  @ApiProperty({ format: 'date-time' }) lastSeenAt: string;
  @ApiProperty({ format: 'date-time' }) expiresAt: string;
  @ApiProperty({ type: [String] }) methods: string[];
  @ApiProperty({ description: 'Whether this request came in it.' }) current: boolean;

  static from(session: Session, currentId: string): SessionDto {
    return {
      id: session.id,
      ...describeAgent(session.userAgent),
      ip: session.ip,
      createdAt: session.createdAt.toISOString(),
      lastSeenAt: session.lastSeenAt.toISOString(),
      expiresAt: session.expiresAt.toISOString(),
      methods: session.methods,
      current: session.id === currentId,
    };
  }
}
