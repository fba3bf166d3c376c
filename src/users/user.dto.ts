import { ApiProperty } from '@nestjs/swagger';
import { User } from './user.entity.js';

const nullableText = { type: String, nullable: true } as const;
const nullableTime = { type: String, format: 'date-time', nullable: true } as const;

/** A person as they see themself. Built field by field: what is not listed here never leaves (parity AC-05). */
export class UserDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty({ format: 'email' }) email: string;
  @ApiProperty({ ...nullableText, format: 'email', description: 'Replaces `email` once it is proven.' })
  pendingEmail: string | null;
  @ApiProperty(nullableText) username: string | null;
  @ApiProperty(nullableText) firstName: string | null;
  @ApiProperty(nullableText) lastName: string | null;
  @ApiProperty({ ...nullableText, description: 'First and last name, whichever are set.' })
  name: string | null;
  @ApiProperty() emailVerified: boolean;
  @ApiProperty({ ...nullableText, format: 'uri' }) avatarUrl: string | null;
  @ApiProperty({ type: [String], description: 'Codes of the groups one is a member of.' }) roles: string[];
  @ApiProperty({ type: [String] }) permissions: string[];
  @ApiProperty({ format: 'date-time' }) createdAt: string;
  @ApiProperty({ format: 'date-time' }) updatedAt: string;
  @ApiProperty(nullableTime) lastSeenAt: string | null;

  static from(user: User): UserDto {
    return {
      id: user.id,
      email: user.email,
      pendingEmail: user.pendingEmail,
      username: user.username,
      firstName: user.firstName,
      lastName: user.lastName,
      name: fullName(user),
      emailVerified: user.emailVerifiedAt !== null,
      avatarUrl: null,
      roles: [],
      permissions: [],
      createdAt: user.createdAt.toISOString(),
      updatedAt: user.updatedAt.toISOString(),
      lastSeenAt: user.lastSeenAt?.toISOString() ?? null,
    };
  }
}

/** First and last name, whichever are set; null when neither is. */
export function fullName(user: Pick<User, 'firstName' | 'lastName'>): string | null {
  return [user.firstName, user.lastName].filter(Boolean).join(' ') || null;
}
