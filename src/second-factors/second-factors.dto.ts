import { ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import type { User } from '../users/user.entity.js';
import { SecondProofDto } from './second-proof.dto.js';

const MAX_ID_LENGTH = 64;

export class AnswerChallengeDto extends SecondProofDto {
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_ID_LENGTH)
  @ApiProperty({ minLength: 1, maxLength: MAX_ID_LENGTH, description: 'The `id` of the challenge.' })
  id: string;
}

/** What is on; secrets and codes are never shown again (parity TF-07). */
export class SecondFactorsDto {
  @ApiProperty() enabled: boolean;
  @ApiProperty({ type: [String], example: ['totp'], description: 'The second factors that are on.' })
  methods: string[];
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When the first was.' })
  confirmedAt: string | null;
  @ApiProperty({ type: 'integer' }) recoveryCodesLeft: number;

  static from({ secondFactors }: User, recoveryCodesLeft: number): SecondFactorsDto {
    const since = Object.values(secondFactors).map((time) => new Date(time).toISOString());
    return {
      enabled: since.length > 0,
      methods: Object.keys(secondFactors).sort(),
      confirmedAt: since.sort()[0] ?? null,
      recoveryCodesLeft,
    };
  }
}

/** Shown once; only their hashes are stored. */
export class RecoveryCodesDto {
  @ApiProperty({ type: [String], example: ['7K3M-0Q5V-B2XD-9RTY-4HJN-6WSA'] }) recoveryCodes: string[];
}
