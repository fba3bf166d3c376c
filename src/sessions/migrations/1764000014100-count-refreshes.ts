import type { MigrationInterface, QueryRunner } from 'typeorm';

/** In the row that a refresh changes anyway, so that counting costs nothing. */
export class CountRefreshes1764000014100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE sessions
        ADD refreshes integer NOT NULL DEFAULT 0,
        ADD refreshes_since timestamptz NOT NULL DEFAULT now()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions DROP refreshes, DROP refreshes_since');
  }
}
