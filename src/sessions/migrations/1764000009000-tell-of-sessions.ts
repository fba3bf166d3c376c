import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Writes to the log of news what changes a session or a user as a verified token is remembered with them. Being seen,
 * and refreshing, which only puts the end off, is no news.
 */
export class TellOfSessions1764000009000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION tell_of_session() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
      BEGIN
        IF TG_OP = 'DELETE' THEN
          INSERT INTO news (sid, reason, revokes) VALUES (OLD.id, 'session_deleted', true);
        ELSIF NEW.ended_at IS NOT NULL OR NEW.idle_expires_at <= now() THEN
          INSERT INTO news (sid, reason, revokes) VALUES (NEW.id, coalesce(NEW.end_reason, 'session_ended'), true);
        ELSE
          INSERT INTO news (sid, reason, revokes) VALUES (NEW.id, 'session_changed', false);
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER tell_change AFTER UPDATE ON sessions FOR EACH ROW
      WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at OR OLD.idle_expires_at > NEW.idle_expires_at
        OR OLD.authenticated_at <> NEW.authenticated_at OR OLD.methods <> NEW.methods)
      EXECUTE FUNCTION tell_of_session()`);
    await runner.query(`
      CREATE TRIGGER tell_deletion AFTER DELETE ON sessions FOR EACH ROW
      WHEN (OLD.ended_at IS NULL AND OLD.idle_expires_at > now())
      EXECUTE FUNCTION tell_of_session()`);
    // Of each session, too: how old a token is, by which a user's are cut, is a matter of clocks.
    await runner.query(`
      CREATE FUNCTION tell_of_end(id uuid, why text) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
        INSERT INTO news (sub, reason, revokes) VALUES (id, why, true);
        INSERT INTO news (sid, reason, revokes)
        SELECT s.id, why, true FROM sessions s WHERE s.user_id = tell_of_end.id AND s.ended_at IS NULL
      $$`);
    await runner.query(`
      CREATE FUNCTION tell_of_user() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
      BEGIN
        IF TG_OP = 'DELETE' THEN
          INSERT INTO news (sub, reason, revokes) VALUES (OLD.id, 'user_deleted', true);
        ELSIF NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL THEN
          PERFORM tell_of_end(NEW.id, 'user_deleted');
        ELSIF NEW.banned_at IS NOT NULL AND OLD.banned_at IS NULL THEN
          PERFORM tell_of_end(NEW.id, 'user_banned');
        ELSE
          INSERT INTO news (sub, reason, revokes) VALUES (NEW.id, 'user_changed', false);
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER tell_change AFTER UPDATE ON users FOR EACH ROW
      WHEN (to_jsonb(OLD) - '{last_seen_at,last_ip}'::text[] <> to_jsonb(NEW) - '{last_seen_at,last_ip}'::text[])
      EXECUTE FUNCTION tell_of_user()`);
    await runner.query(
      'CREATE TRIGGER tell_deletion AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION tell_of_user()',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['sessions', 'users']) {
      for (const trigger of ['tell_change', 'tell_deletion'])
        await runner.query(`DROP TRIGGER ${trigger} ON ${table}`);
    }
    await runner.query('DROP FUNCTION tell_of_session');
    await runner.query('DROP FUNCTION tell_of_user');
    await runner.query('DROP FUNCTION tell_of_end');
  }
}
