import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The log is written by triggers on the tables that it tells of, so that whoever changes a row cannot forget it, be it
 * somebody's hand (TRUNCATE aside). Its own trigger rings for those who listen; PostgreSQL delivers that at the commit.
 */
export class CreateNews1764000008000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE news (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        sid uuid,
        sub uuid,
        kid text,
        reason text NOT NULL,
        revokes boolean NOT NULL,
        told_at timestamptz NOT NULL DEFAULT now(),
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CHECK (num_nonnulls(sid, sub, kid) = 1)
      )`);
    await runner.query('CREATE INDEX news_xid ON news (xid)');
    await runner.query(`
      CREATE FUNCTION ring_news() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('tokenhouse_news', '');
        RETURN NULL;
      END $$`);
    await runner.query('CREATE TRIGGER ring AFTER INSERT ON news EXECUTE FUNCTION ring_news()');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE news');
    await runner.query('DROP FUNCTION ring_news');
  }
}
