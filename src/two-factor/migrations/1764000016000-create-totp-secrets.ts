import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTotpSecrets1764000016000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE totp_secrets (
        user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        secret bytea,
        last_step bigint NOT NULL DEFAULT 0,
        pending_secret bytea,
        pending_tries integer NOT NULL DEFAULT 0,
        pending_expires_at timestamptz
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE totp_secrets');
  }
}
