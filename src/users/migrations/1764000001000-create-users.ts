import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateUsers1764000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        email text NOT NULL CHECK (octet_length(email) <= 254),
        email_verified_at timestamptz,
        pending_email text,
        username text,
        first_name text,
        last_name text,
        created_ip text,
        last_ip text,
        last_seen_at timestamptz,
        banned_at timestamptz,
        ban_reason text,
        deleted_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE UNIQUE INDEX users_email_key ON users (lower(email))');
    await runner.query('CREATE UNIQUE INDEX users_username_key ON users (lower(username))');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE users');
  }
}
