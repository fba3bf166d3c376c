import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePasswords1764000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE passwords (
        user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        hash text NOT NULL CHECK (hash <> ''),
        changed_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE passwords');
  }
}
