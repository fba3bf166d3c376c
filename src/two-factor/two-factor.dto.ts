import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { encodeQR } from 'qr';
import type { Enrolling } from './two-factor.service.js';

export class ConfirmTwoFactorDto {
  @IsString()
  @Matches(/^[0-9]{6}$/, { message: 'A code is six digits.' })
  @ApiProperty({ pattern: '^[0-9]{6}$', example: '492039' })
  code: string;
}

/** Shown once. */
export class EnrollingDto {
  @ApiProperty({ description: 'For typing into an authenticator app (base32).' }) secret: string;
  @ApiProperty({ description: 'The same with its parameters, for a link or a QR code.' }) otpauthUri: string;
  @ApiProperty({ description: 'The URI as a QR code: an SVG picture.' }) qrSvg: string;
  @ApiProperty({ format: 'date-time', description: 'Confirm it before.' }) expiresAt: string;

  static from({ secret, otpauthUri, expiresAt }: Enrolling): EnrollingDto {
    return { secret, otpauthUri, qrSvg: qrSvg(otpauthUri), expiresAt: expiresAt.toISOString() };
  }
}

/** What was turned on, with recovery codes where the person had none. */
export class ConfirmedDto {
  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Shown once. Null where there are some from another second factor.',
    example: ['7K3M-0Q5V-B2XD-9RTY-4HJN-6WSA'],
  })
  recoveryCodes: string[] | null;
}

/** With the quiet zone that scanners need, and its own colours: a dark page, or a rule that fills icons, changes none. */
function qrSvg(text: string): string {
  const svg = encodeQR(text, 'svg', { border: 4 });
  return svg
    .replace('>', '><rect width="100%" height="100%" fill="#fff"/>')
    .replace('<path', '<path fill="#000"');
}
