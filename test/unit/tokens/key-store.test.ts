import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppConfig, type JwtAlgorithm } from '../../../src/config/app-config.js';
import { Database } from '../../../src/database/database.js';
import { databaseOptions } from '../../../src/database/database.options.js';
import type { DomainEvents } from '../../../src/events/domain-events.js';
import { CreateNews1764000008000 } from '../../../src/news/migrations/1764000008000-create-news.js';
import { KeyRotation } from '../../../src/tokens/key-rotation.js';
import { KeyStore, SigningKeyUnreadable } from '../../../src/tokens/key-store.js';
import { CreateSigningKeys1764000005000 } from '../../../src/tokens/migrations/1764000005000-create-signing-keys.js';
import { GiveKeysALife1764000011000 } from '../../../src/tokens/migrations/1764000011000-give-keys-a-life.js';
import { SigningKey } from '../../../src/tokens/signing-key.entity.js';
import { FrozenClock, SUBJECT, tokensWith } from '../../support/bearer-tokens.fixture.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const MIGRATIONS = [CreateSigningKeys1764000005000, CreateNews1764000008000, GiveKeysALife1764000011000];

const appKey: Buffer = randomBytes(32);
const clock = new FrozenClock();
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

async function connect(migrations = MIGRATIONS): Promise<Database> {
  return new Database({ ...databaseOptions(server.url), entities: [SigningKey], migrations }).initialize();
}

const configOf = (algorithm: JwtAlgorithm, key = appKey): AppConfig =>
  ({
    appKey: key,
    bearerToken: { algorithm, keys: [], ttlMinutes: 60, leewaySeconds: 60, keyRotationDays: 90 },
  }) as unknown as AppConfig;

interface Options {
  on?: Database;
  key?: Buffer;
}

/** Nobody listens. */
const events = { publish: async () => {} } as unknown as DomainEvents;

const store = (algorithm: JwtAlgorithm = 'ES256', { on = database, key = appKey }: Options = {}): KeyStore =>
  new KeyStore(on, clock, configOf(algorithm, key));
const rotation = (algorithm: JwtAlgorithm = 'ES256', key = appKey): KeyRotation =>
  new KeyRotation(store(algorithm, { key }), clock, configOf(algorithm, key), events);
const kidsFrom = async (from: KeyStore): Promise<string[]> => (await from.begin()).map(({ key }) => key.kid);

describe('the stored signing keys', () => {
  it('one is generated, kept, and found again', async () => {
    const [first] = await store().begin();
    expect(first?.key.algorithm).toBe('ES256');
    const { token } = tokensWith([first!.key]).issue(SUBJECT);
    const again = await store().load();
    expect(again).toHaveLength(1);
    expect(tokensWith([again[0]!.key]).verify(token).sub).toBe(SUBJECT.userId);
  });

  it('every algorithm can be generated; RSA keys have 3072 bits', async () => {
    for (const algorithm of ['HS256', 'HS384', 'HS512', 'ES384', 'ES512', 'PS256'] as const) {
      const { key } = (await store(algorithm).begin()).at(-1)!;
      expect(tokensWith([key]).verify(tokensWith([key]).issue(SUBJECT).token).sid).toBe(SUBJECT.sessionId);
      if (algorithm === 'PS256') expect(key.signingKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
    }
  });

  it('replicas that start at once on an empty database agree on one', async () => {
    const replicas = await Promise.all(Array.from({ length: 8 }, () => connect()));
    try {
      for (let round = 0; round < 5; round++) {
        await database.query('TRUNCATE signing_keys');
        const found = await Promise.all(replicas.map((on) => kidsFrom(store('ES256', { on }))));
        expect(new Set(found.flat()).size).toBe(1);
        expect(await database.getRepository(SigningKey).count()).toBe(1);
      }
    } finally {
      await Promise.all(replicas.map((replica) => replica.destroy()));
    }
  });

  it('with another algorithm a new key signs, and the old one verifies until its tokens are over', async () => {
    const [es] = await kidsFrom(store());
    const [old, hs] = await store('HS256').begin();
    expect([old?.key.kid, hs?.key.algorithm]).toEqual([es, 'HS256']);
    expect(hs!.signsFromMs).toBeGreaterThan(old!.signsFromMs);
    expect(old!.verifiesUntilMs).toBe(hs!.signsFromMs + 3_660_000);
    expect(await kidsFrom(store('HS256'))).toEqual([es, hs!.key.kid]);
    // And back again: a third one, because each is closed by the one after it.
    expect(await kidsFrom(store())).toEqual([es, hs!.key.kid, expect.any(String)]);
  });

  it('a reading replica changes nothing, whatever algorithm it is configured for', async () => {
    const [es] = await kidsFrom(store());
    expect((await store('RS256').load()).map(({ key }) => key.kid)).toEqual([es]);
  });

  it('a new one is made where somebody has deleted all', async () => {
    const [first] = await kidsFrom(store());
    await database.query('DELETE FROM signing_keys');
    const found = await store().load();
    expect(found).toHaveLength(1);
    expect(found[0]?.key.kid).not.toBe(first);
  });

  it('the database holds no key in clear', async () => {
    const [found] = await store().begin();
    const { key } = found!;
    const { sealedKey } = await database.getRepository(SigningKey).findOneByOrFail({ kid: key.kid });
    const scalar = Buffer.from(key.signingKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    expect(sealedKey.includes(scalar)).toBe(false);
  });

  it('an APP_KEY that does not open them stops the boot in plain words, and changes nothing', async () => {
    const [kid] = await kidsFrom(store());
    const key = randomBytes(32);
    await expect(store('ES256', { key }).begin()).rejects.toThrow(SigningKeyUnreadable);
    await expect(store('RS256', { key }).begin()).rejects.toThrow(/APP_KEY does not open the signing keys/);
    await expect(rotation('ES256', key).rotate()).rejects.toThrow(SigningKeyUnreadable);
    await expect(rotation('ES256', key).rotate({ now: true })).rejects.toThrow(SigningKeyUnreadable);
    await expect(rotation('ES256', key).kill(kid!)).rejects.toThrow(SigningKeyUnreadable);
    expect(await kidsFrom(store())).toEqual([kid]);
  });

  it('a key that was moved to another row, or changed, does not open', async () => {
    await store().begin();
    const [es, hs] = await kidsFrom(store('HS256'));
    const [row] = await database.getRepository(SigningKey).findBy({ kid: es });
    await database.query('UPDATE signing_keys SET sealed_key = $1 WHERE kid = $2', [row!.sealedKey, hs]);
    await expect(store().load()).rejects.toThrow(SigningKeyUnreadable);
  });

  it('keys of an older version go on signing', async () => {
    const older = await createTestDatabase();
    const options = { ...databaseOptions(older.url), entities: [SigningKey] };
    const before = await new Database({ ...options, migrations: MIGRATIONS.slice(0, 2) }).initialize();
    await before.runMigrations();
    const [found] = await store().begin();
    const [row] = await database.query('SELECT kid, algorithm, sealed_key, created_at FROM signing_keys');
    await before.query('INSERT INTO signing_keys VALUES ($1, $2, $3, $4)', Object.values(row));
    await before.destroy();
    const after = await new Database({ ...options, migrations: MIGRATIONS }).initialize();
    await after.runMigrations();
    expect(await kidsFrom(store('ES256', { on: after }))).toEqual([found!.key.kid]);
    await after.undoLastMigration();
    expect(await after.query('SELECT kid FROM signing_keys')).toEqual([{ kid: found!.key.kid }]);
    await after.destroy();
    await older.drop();
  });
});
