import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRegistrationKeys1764000014200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE registration_keys (
        key bytea PRIMARY KEY,
        request bytea NOT NULL,
        session_id uuid,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE registration_keys');
  }
}
