import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddMailBlocked1764000018100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN mail_blocked boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP COLUMN mail_blocked');
  }
}
