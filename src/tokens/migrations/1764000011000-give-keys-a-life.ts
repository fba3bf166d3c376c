import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Several keys of one algorithm, one after the other; and the log of news hears of every change to them. */
export class GiveKeysALife1764000011000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX signing_keys_algorithm');
    await runner.query(`
      ALTER TABLE signing_keys
        ADD COLUMN signs_from timestamptz,
        ADD COLUMN revoked_at timestamptz`);
    await runner.query('UPDATE signing_keys SET signs_from = created_at');
    await runner.query('ALTER TABLE signing_keys ALTER COLUMN signs_from SET NOT NULL');
    await runner.query(`
      CREATE FUNCTION tell_of_key() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
      BEGIN
        IF TG_OP = 'DELETE' THEN
          INSERT INTO news (kid, reason, revokes) VALUES (OLD.kid, 'key_deleted', true);
        ELSIF TG_OP = 'UPDATE' AND NEW.revoked_at IS NOT NULL THEN
          INSERT INTO news (kid, reason, revokes) VALUES (NEW.kid, 'key_killed', true);
        ELSE
          INSERT INTO news (kid, reason, revokes) VALUES (NEW.kid, 'key_changed', false);
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER tell_change AFTER INSERT OR UPDATE ON signing_keys FOR EACH ROW
      EXECUTE FUNCTION tell_of_key()`);
    await runner.query(`
      CREATE TRIGGER tell_deletion AFTER DELETE ON signing_keys FOR EACH ROW
      WHEN (OLD.revoked_at IS NULL)
      EXECUTE FUNCTION tell_of_key()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const trigger of ['tell_change', 'tell_deletion'])
      await runner.query(`DROP TRIGGER ${trigger} ON signing_keys`);
    await runner.query('DROP FUNCTION tell_of_key');
    await runner.query('DELETE FROM signing_keys WHERE revoked_at IS NOT NULL');
    await runner.query(`
      DELETE FROM signing_keys AS older USING signing_keys AS newer
      WHERE older.algorithm = newer.algorithm AND older.signs_from < newer.signs_from`);
    await runner.query('ALTER TABLE signing_keys DROP COLUMN signs_from, DROP COLUMN revoked_at');
    await runner.query('CREATE UNIQUE INDEX signing_keys_algorithm ON signing_keys (algorithm)');
  }
}
