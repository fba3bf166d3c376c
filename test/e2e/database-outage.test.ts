import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AuthService } from '../../src/auth/auth.service.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { SessionsService } from '../../src/sessions/sessions.service.js';
import { RefreshTokens } from '../../src/tokens/refresh-tokens.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { QueryLog } from '../support/query-log.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('when PostgreSQL is away', () => {
  /** Has its own way to the database, and watches. */
  let watcher: TestApp;
  let network: TcpProxy;
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    watcher = await startApp();
    network = await new TcpProxy(String(watcher.environment.DATABASE_URL)).open();
    target = await startApp({ DATABASE_URL: network.url }, watcher);
    client = new Client(target);
  });
  afterEach(() => network.breakNext(0));
  afterAll(async () => {
    await target.close();
    await network.cut();
    await watcher.close();
  });

  const expectUnavailable = (answer: Answer, what: string): void => {
    expect(answer.body, what).toMatchObject({ status: 503, code: 'unavailable' });
    expect(Number(answer.headers.get('retry-after')), what).toBeGreaterThan(0);
    expect(answer.headers.get('content-type'), what).toContain('application/problem+json');
    expect(JSON.stringify(answer.body), what).not.toMatch(/ECONN|postgres|SELECT|terminated|127\.0\.0\.1:/i);
  };

  async function down(work: () => Promise<void>): Promise<void> {
    await network.cut();
    try {
      await work();
    } finally {
      await network.open();
    }
  }

  it('RES-01 answers 503 in time, mints nothing, lets nobody in, and recovers by itself', async () => {
    const { token, refreshToken, user } = await client.register();
    const count = async (): Promise<unknown> =>
      watcher.database.query('SELECT count(*), sum(generation) FROM sessions');
    const before = await count();
    const requests: Record<string, () => Promise<Answer>> = {
      session: () => client.get('/api/auth/session', { token }),
      user: () => client.get('/api/user', { token }),
      token: () => client.get('/api/token', { token }),
      login: () => client.login(user.email),
      'wrong login': () => client.login(user.email, 'wrong horse battery'),
      'unknown login': () => client.login(someEmail()),
      refresh: () => client.post('/api/auth/refresh', { refreshToken }),
      logout: () => client.post('/api/auth/logout', undefined, { token }),
      register: () => client.post('/api/auth/register', { email: someEmail(), password: PASSWORD }),
      forgot: () => client.post('/api/auth/password/forgot', { email: user.email }),
      verify: () => client.post('/api/auth/email/verify', { token: 'x'.repeat(43) }),
    };
    await down(async () => {
      for (const [what, request] of Object.entries(requests)) {
        const begin = performance.now();
        expectUnavailable(await request(), what);
        expect(performance.now() - begin, what).toBeLessThan(10_000);
      }
      await expect(target.app.get(AuthService).checkBearerToken(token)).rejects.toMatchObject({
        code: 'unavailable',
      });
    });
    expect(await count()).toEqual(before);
    for (const what of ['session', 'user', 'refresh', 'login'] as const) {
      await expect.poll(async () => (await requests[what]?.())?.status, { timeout: 15_000 }).toBe(200);
    }
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });

  it('RES-01 lives, but is not ready', async () => {
    await down(async () => {
      const live = await client.get('/health/live');
      expect([live.status, live.body]).toEqual([200, { status: 'ok' }]);
      expectUnavailable(await client.get('/health/ready'), 'ready');
    });
    await expect.poll(async () => (await client.get('/health/ready')).status, { timeout: 15_000 }).toBe(200);
  });

  it('RES-01 what needs no database is answered all the same', async () => {
    await down(async () => {
      expect((await client.get('/.well-known/jwks.json')).body.keys).toHaveLength(1);
      expect((await client.get('/api/auth/settings')).status).toBe(200);
      expect((await client.get('/api/user')).body.code).toBe('token_missing');
      expect((await client.get('/api/user', { token: 'x.y.z' })).body.code).toBe('token_invalid');
      expect((await client.get('/api/token', { token: 'x.y.z' })).body).toBeNull();
      const forged = await client.post('/api/auth/refresh', { refreshToken: 'forged' });
      expect(forged.body.code).toBe('refresh_token_invalid');
      expect((await client.post('/api/auth/login', {})).body.code).toBe('validation_failed');
      expect((await client.post('/api/auth/logout')).status).toBe(204);
    });
  });

  it('RES-01, NX-06 GET /session survives a connection that breaks under it, by one retry', async () => {
    const { token } = await client.register();
    network.breakNext(1);
    expect((await client.get('/api/auth/session', { token })).status).toBe(200);
    expect(network.broken).toBe(1);
  });

  it('RES-01, NX-06 and says unavailable, not signed out, after the second', async () => {
    const { token } = await client.register();
    network.breakNext(1000);
    expectUnavailable(await client.get('/api/auth/session', { token }), 'session');
    expect(network.broken).toBeGreaterThanOrEqual(2);
    network.breakNext(0);
    expect((await client.get('/api/auth/session', { token })).status).toBe(200);
  });

  it('RES-01 loses no rotation whose answer was lost', async () => {
    const { refreshToken } = await client.register();
    await down(async () => {
      expectUnavailable(await client.post('/api/auth/refresh', { refreshToken }), 'refresh');
    });
    let answer: Answer | undefined;
    await expect
      .poll(async () => (answer = await client.post('/api/auth/refresh', { refreshToken })).status)
      .toBe(200);
    expect((await client.post('/api/auth/refresh', { refreshToken })).body.refreshToken).toBe(
      answer?.body.refreshToken,
    );
  });

  it('RES-01 says unavailable, too, when the connection breaks between two statements of a transaction', async () => {
    const { user } = await client.register();
    let broken = 0;
    target.app.get(DomainEvents).on('session.opened', async ({ userId }, manager) => {
      if (userId !== user.id) return;
      const [own] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      await watcher.database.query('SELECT pg_terminate_backend($1)', [own?.pid]);
      await eventually(() => expect(manager.queryRunner?.isReleased).toBe(true));
      broken += 1;
      if (broken > 1) await manager.query('SELECT 1');
    });
    expectUnavailable(await client.login(user.email), 'by a statement of an entity');
    expectUnavailable(await client.login(user.email), 'by one of its own');
    expect(broken).toBe(2);
  });

  it('RES-01 survives that a connection ends while it is handed out and nobody listens', async () => {
    const { master: pool } = target.database.driver as unknown as { master: pg.Pool };
    const held = await pool.connect();
    const [own] = (await held.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
    const ended = new Promise<void>((resolve) => held.once('end', resolve));
    await watcher.database.query('SELECT pg_terminate_backend($1)', [own?.pid]);
    await ended;
    held.release(true);
    expect((await client.login((await client.register()).user.email)).status).toBe(200);
  });

  it('RES-01 under load: many requests while it goes and comes', async () => {
    const { token } = await client.register();
    const read = (): Promise<Answer> => client.get('/api/user', { token });
    const during = Array.from({ length: 60 }, read);
    await network.cut();
    during.push(...Array.from({ length: 60 }, read));
    const statuses = new Set((await Promise.all(during)).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses).toContain(503);
    await network.open();
    await expect.poll(async () => (await read()).status, { timeout: 15_000 }).toBe(200);
    const after = await Promise.all(Array.from({ length: 60 }, read));
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe('many clients at once', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
  });
  afterAll(() => target.close());

  /** So many connections, with five requests each: what a thread can do that serves them and is them, too. */
  const CLIENTS = 100;
  const REQUESTS = 500;
  const ALONE = 50;

  /**
   * Does `work` for many at once, and before that for one at a time. 99 of 100 are answered in ten seconds, or,
   * where a machine is busy otherwise, in four times what it takes to serve everybody once: there is no pile-up.
   */
  async function expectFair(work: (index: number) => Promise<unknown>): Promise<void> {
    const begin = performance.now();
    for (let index = 0; index < ALONE; index += 1) await work(index);
    const alone = (performance.now() - begin) / ALONE;
    const times: number[] = [];
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        for (let index = ALONE + client; index < ALONE + REQUESTS; index += CLIENTS) {
          const asked = performance.now();
          await work(index);
          times.push(performance.now() - asked);
        }
      }),
    );
    const p99 = times.sort((x, y) => x - y)[Math.floor(REQUESTS * 0.99)];
    expect(p99, `alone ${alone} ms`).toBeLessThan(Math.max(10_000, 4 * CLIENTS * alone));
  }

  it('RES-19 refresh: each its own session, none refused', { timeout: 60_000 }, async () => {
    const { user } = await client.register();
    const sessions = target.app.get(SessionsService);
    const tokens = await Promise.all(
      Array.from({ length: ALONE + REQUESTS }, async () => {
        const opening = { userId: user.id, methods: ['pwd'], remember: false };
        const opened = await sessions.open(opening, target.database.manager);
        return target.app.get(RefreshTokens).issue(String(opened?.session.id), 0);
      }),
    );
    const answers: Answer[] = [];
    await expectFair(async (index) => {
      answers.push(await client.post('/api/auth/refresh', { refreshToken: tokens[index] }));
    });
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(ALONE + REQUESTS);
  });

  it('RES-19 the JWKS: one answer, and no question to the database', { timeout: 60_000 }, async () => {
    const queries = new QueryLog(target.database);
    const answers: string[] = [];
    const asked = await queries.of('signing_keys', () =>
      expectFair(async () => {
        answers.push(JSON.stringify((await client.get('/.well-known/jwks.json')).body));
      }),
    );
    // The ring itself is read anew now and then.
    expect(asked.length).toBeLessThan(answers.length / 10);
    expect(new Set(answers).size).toBe(1);
  });
});
