import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import Bowser from 'bowser';
import { MayBeAbsent } from '../common/may-be-absent.decorator.js';
import { PasswordField } from '../passwords/password.fields.js';
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

export class ConfirmPasswordDto {
  @PasswordField() password: string;
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

/** Systems whose version browsers no longer tell: they all say the same old one. */
const FROZEN_VERSION = new Set(['macOS', 'Windows']);

function describeAgent(userAgent: string | null): Pick<SessionDto, 'device' | 'browser' | 'system'> {
  if (!userAgent) return { device: null, browser: null, system: null };
  const { browser, os, platform } = Bowser.parse(userAgent);
  const words = (...parts: (string | undefined)[]): string | null => parts.filter(Boolean).join(' ') || null;
  return {
    device: platform.model ? words(platform.vendor, platform.model) : words(platform.type),
    browser: words(browser.name, browser.version?.split('.', 1)[0]),
    system: words(os.name, FROZEN_VERSION.has(os.name ?? '') ? undefined : os.version),
  };
}
