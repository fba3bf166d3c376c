import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When they were made; of those that are there nobody knows, so they are older than anything. */
export class DateRecoveryCodes1764000023000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      "ALTER TABLE recovery_codes ADD COLUMN created_at timestamptz NOT NULL DEFAULT '-infinity'",
    );
    await runner.query('ALTER TABLE recovery_codes ALTER COLUMN created_at SET DEFAULT now()');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE recovery_codes DROP COLUMN created_at');
  }
}
