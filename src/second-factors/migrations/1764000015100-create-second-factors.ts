import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSecondFactors1764000015100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sign_in_challenges (
        id_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        methods text[] NOT NULL,
        passed text[] NOT NULL,
        password_mark bytea,
        remember boolean NOT NULL,
        transport text NOT NULL,
        tries integer NOT NULL DEFAULT 0,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX sign_in_challenges_user ON sign_in_challenges (user_id)');
    await runner.query('CREATE INDEX sign_in_challenges_expiry ON sign_in_challenges (expires_at)');
    await runner.query(`
      CREATE TABLE recovery_codes (
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        code_hash bytea NOT NULL,
        PRIMARY KEY (user_id, code_hash)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE recovery_codes');
    await runner.query('DROP TABLE sign_in_challenges');
  }
}
