import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppConfig, type JwtAlgorithm } from '../../../src/config/app-config.js';
import { Database } from '../../../src/database/database.js';
import { databaseOptions } from '../../../src/database/database.options.js';
import { KeyStore, SigningKeyUnreadable } from '../../../src/tokens/key-store.js';
import { CreateSigningKeys1764000005000 } from '../../../src/tokens/migrations/1764000005000-create-signing-keys.js';
import { SigningKey } from '../../../src/tokens/signing-key.entity.js';
import { SUBJECT, tokensWith } from '../../support/bearer-tokens.fixture.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const appKey = randomBytes(32);
let server: TestDatabase;
let database: Database;

beforeAll(async () => {
  server = await createTestDatabase();
  database = await connect();
  await database.runMigrations();
});

afterAll(async () => {
  await database.destroy();
  await server.drop();
});

beforeEach(() => database.query('TRUNCATE signing_keys'));

async function connect(): Promise<Database> {
  const options = { entities: [SigningKey], migrations: [CreateSigningKeys1764000005000] };
  return new Database({ ...databaseOptions(server.url), ...options }).initialize();
}

const store = (on = database, key = appKey) => new KeyStore(on, { appKey: key } as AppConfig);
const kids = async (algorithm: JwtAlgorithm, from = store()) =>
  (await from.load(algorithm)).map(({ kid }) => kid);

describe('the stored signing keys', () => {
  it('one is generated, kept, and found again', async () => {
    const first = await store().load('ES256');
    expect(first.map(({ algorithm }) => algorithm)).toEqual(['ES256']);
    const { token } = tokensWith(first).issue(SUBJECT);
    const again = await store().load('ES256');
    expect(again[0]?.kid).toBe(first[0]?.kid);
    expect(tokensWith(again).verify(token).sub).toBe(SUBJECT.userId);
  });

  it('every algorithm can be generated; RSA keys have 3072 bits', async () => {
    for (const algorithm of ['HS256', 'HS384', 'HS512', 'ES384', 'ES512', 'PS256'] as const) {
      const [key] = await store().load(algorithm);
      expect(tokensWith([key!]).verify(tokensWith([key!]).issue(SUBJECT).token).sid).toBe(SUBJECT.sessionId);
      if (algorithm === 'PS256') expect(key?.signingKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
    }
  });

  it('replicas that start at once on an empty database agree on one', async () => {
    const replicas = await Promise.all(Array.from({ length: 8 }, connect));
    try {
      for (let round = 0; round < 5; round++) {
        await database.query('TRUNCATE signing_keys');
        const found = await Promise.all(replicas.map((replica) => kids('ES256', store(replica))));
        expect(new Set(found.flat()).size).toBe(1);
        expect(await database.getRepository(SigningKey).count()).toBe(1);
      }
    } finally {
      await Promise.all(replicas.map((replica) => replica.destroy()));
    }
  });

  it('with another algorithm a new key signs, and the old one still verifies', async () => {
    const [es] = await kids('ES256');
    const after = await kids('HS256');
    expect(after).toHaveLength(2);
    expect(after[1]).toBe(es);
    expect(await kids('ES256')).toEqual([es, after[0]]);
  });

  it('the database holds no key in clear', async () => {
    const [key] = await store().load('ES256');
    const { sealedKey } = await database.getRepository(SigningKey).findOneByOrFail({ kid: key!.kid });
    const scalar = Buffer.from(key!.signingKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    expect(sealedKey.includes(scalar)).toBe(false);
  });

  it('an APP_KEY that does not open them stops the boot in plain words', async () => {
    await store().load('ES256');
    const refusal = store(database, randomBytes(32)).load('ES256');
    await expect(refusal).rejects.toThrow(SigningKeyUnreadable);
    await expect(store(database, randomBytes(32)).load('RS256')).rejects.toThrow(
      /APP_KEY does not open the signing keys/,
    );
    expect(await kids('ES256')).toHaveLength(1);
  });

  it('a key that was moved to another row, or changed, does not open', async () => {
    await store().load('ES256');
    const [other] = await kids('HS256');
    const [row] = await database.getRepository(SigningKey).findBy({ algorithm: 'ES256' });
    await database.query('UPDATE signing_keys SET sealed_key = $1 WHERE kid = $2', [row!.sealedKey, other]);
    await expect(store().load('ES256')).rejects.toThrow(SigningKeyUnreadable);
  });
});
