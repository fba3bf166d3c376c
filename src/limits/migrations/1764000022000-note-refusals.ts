import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a count has refused anybody: outlasts points that are given back, so that it is told once. */
export class NoteRefusals1764000022000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE limits ADD COLUMN refused boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE limits DROP COLUMN refused');
  }
}
