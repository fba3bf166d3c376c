import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOneTimeLinks1764000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE one_time_links (
        id uuid PRIMARY KEY,
        purpose text NOT NULL,
        slot text UNIQUE,
        token_hash bytea NOT NULL UNIQUE,
        subject_id uuid NOT NULL,
        address text NOT NULL,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX one_time_links_subject ON one_time_links (subject_id, purpose)');
    await runner.query('CREATE INDEX one_time_links_expiry ON one_time_links (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE one_time_links');
  }
}
