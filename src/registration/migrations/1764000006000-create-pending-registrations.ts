import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePendingRegistrations1764000006000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE pending_registrations (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        username text,
        first_name text,
        last_name text,
        password_hash text NOT NULL,
        created_ip text,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX pending_registrations_email ON pending_registrations (lower(email))');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE pending_registrations');
  }
}
