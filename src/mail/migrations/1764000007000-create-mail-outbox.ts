import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateMailOutbox1764000007000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE mail_outbox (
        id uuid PRIMARY KEY,
        letter text NOT NULL,
        data jsonb NOT NULL,
        pace_key text UNIQUE,
        state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'given-up')),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        leased_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        last_error text
      )`);
    await runner.query(
      `CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_at) WHERE state = 'waiting'`,
    );
    await runner.query(`CREATE INDEX mail_outbox_finished ON mail_outbox (finished_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mail_outbox');
  }
}
