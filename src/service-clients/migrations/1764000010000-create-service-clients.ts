import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateServiceClients1764000010000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE service_clients (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        secret_hash bytea NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE UNIQUE INDEX service_clients_name ON service_clients (name)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE service_clients');
  }
}
