import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD, someEmail } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const REPLICAS = 4;

describe('several replicas on one database', () => {
  let database: TestDatabase;
  let replicas: TestApp[];
  let clients: Client[];
  let turn = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    const start = (): Promise<TestApp> => startApp({ DATABASE_URL: database.url });
    replicas = await Promise.all(Array.from({ length: REPLICAS }, start));
    clients = replicas.map((replica) => new Client(replica));
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    await database.drop();
  });

  /** As behind a balancer that knows of no sessions: each call is another replica. */
  const next = (): Client => clients[(turn += 1) % REPLICAS] as Client;

  it('start at once on an empty database: each migration ran once, and there is one signing key', async () => {
    const [{ database: any } = {} as TestApp] = replicas;
    const ran = await any.query('SELECT name, count(*)::int AS times FROM migrations GROUP BY name');
    expect(ran.length).toBeGreaterThan(5);
    expect(ran.filter(({ times }: { times: number }) => times !== 1)).toEqual([]);
    const keys = await Promise.all(clients.map((client) => client.get('/.well-known/jwks.json')));
    expect(keys[0]?.body.keys).toHaveLength(1);
    for (const { body } of keys) expect(body).toEqual(keys[0]?.body);
  });

  it('serve one person in turn, whichever is asked', async () => {
    const email = someEmail();
    await next().post('/api/auth/register', { email, password: PASSWORD });
    let { token, refreshToken } = (await next().login(email)).body;
    for (let round = 0; round < 2 * REPLICAS; round += 1) {
      expect((await next().get('/api/user', { token })).body.email).toBe(email);
      const refreshed = await next().post('/api/auth/refresh', { refreshToken });
      expect(refreshed.status).toBe(200);
      // A repeated refresh, at another replica: the same successor.
      const again = await next().post('/api/auth/refresh', { refreshToken });
      expect(again.body.refreshToken).toBe(refreshed.body.refreshToken);
      ({ token, refreshToken } = refreshed.body);
    }
    expect((await next().post('/api/auth/logout', undefined, { token })).status).toBe(204);
    for (const client of clients) {
      await expect
        .poll(async () => (await client.get('/api/user', { token })).body.code, {
          timeout: 1_000,
          interval: 10,
        })
        .toBe('session_revoked');
      expect((await client.post('/api/auth/refresh', { refreshToken })).body.code).toBe('session_revoked');
    }
  });

  it('go on when one of them stops', async () => {
    const { token } = await next().register();
    await replicas.pop()?.close();
    clients.pop();
    for (const client of clients) expect((await client.get('/api/user', { token })).status).toBe(200);
  });
});
