import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePasskeys1764000017000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE passkeys (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        credential_id bytea NOT NULL,
        public_key bytea NOT NULL,
        counter bigint NOT NULL,
        device_type text NOT NULL,
        backed_up boolean NOT NULL,
        transports text[] NOT NULL,
        aaguid uuid NOT NULL,
        name text,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz
      )`);
    await runner.query('CREATE UNIQUE INDEX passkeys_credential_key ON passkeys (credential_id)');
    await runner.query('CREATE INDEX passkeys_user ON passkeys (user_id)');
    await runner.query(`
      CREATE TABLE passkey_nonces (
        nonce_hash bytea PRIMARY KEY,
        purpose text NOT NULL,
        user_id uuid REFERENCES users ON DELETE CASCADE,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX passkey_nonces_user ON passkey_nonces (user_id)');
    await runner.query('CREATE INDEX passkey_nonces_expiry ON passkey_nonces (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE passkey_nonces');
    await runner.query('DROP TABLE passkeys');
  }
}
