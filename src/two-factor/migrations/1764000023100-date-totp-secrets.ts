import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When the active secret was confirmed; of those that are there nobody knows. */
export class DateTotpSecrets1764000023100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE totp_secrets ADD COLUMN confirmed_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE totp_secrets DROP COLUMN confirmed_at');
  }
}
