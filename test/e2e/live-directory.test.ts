import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AuthService } from '../../src/auth/auth.service.js';
import { Authenticator } from '../../src/auth/authenticator.js';
import type { Environment } from '../../src/config/environment.js';
import { NewsFollower } from '../../src/news/news-follower.js';
import { LiveDirectory } from '../../src/sessions/live-directory.js';
import { SessionsService } from '../../src/sessions/sessions.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD } from '../support/client.js';
import { decodeToken } from '../support/forge.js';
import { QueryLog } from '../support/query-log.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** What the design promises other replicas while all is well; and with the channel cut or frozen. */
const SECOND_MS = 1_000;
const SILENCE_MS = 3_000;

const channels = {
  PostgreSQL: () => ({}),
  Redis: () => ({ REDIS_URL: inject('redisUrl') }),
  // Nothing rings, as behind a pooler or while Redis is away: the followers' own looks must do.
  'no bell at all': () => ({ REDIS_URL: 'redis://127.0.0.1:1' }),
} satisfies Record<string, () => Environment>;

describe.each(Object.entries(channels))('the live directory, with %s', (_name, channel) => {
  /** Makes the changes. */
  let target: TestApp;
  /** Has a network between itself and the database. */
  let replica: TestApp;
  let network: TcpProxy;
  let client: Client;
  let elsewhere: Client;
  let queries: QueryLog;

  beforeAll(async () => {
    target = await startApp(channel());
    network = await new TcpProxy(String(target.environment.DATABASE_URL)).open();
    replica = await startApp({ ...channel(), DATABASE_URL: network.url }, target);
    client = new Client(target);
    elsewhere = new Client(replica);
    queries = new QueryLog(replica.database);
  });
  afterAll(async () => {
    await replica.close();
    await network.cut();
    await target.close();
  });

  const sidOf = (token: string): string => String(decodeToken(token).payload.sid);
  const ask = (token: string, through = elsewhere): Promise<Answer> =>
    through.get('/api/auth/session', { token });

  /** Somebody whose token both replicas remember. */
  async function known(): Promise<{ token: string; user: { id: string }; refreshToken: string }> {
    const bundle = await client.register();
    for (const through of [client, elsewhere]) expect((await ask(bundle.token, through)).status).toBe(200);
    return bundle;
  }

  /** When a replica last let this token in, from now on until it is refused. */
  async function lastAcceptance(token: string, refused: number, through = elsewhere): Promise<number> {
    const start = performance.now();
    let accepted = 0;
    for (;;) {
      const { status } = await ask(token, through);
      if (status === refused) return accepted;
      if (status === 200) accepted = performance.now() - start;
      expect(performance.now() - start).toBeLessThan(20_000);
    }
  }

  it('BT-08: a token that is remembered costs no query, no cryptography and no promise', async () => {
    const { token } = await known();
    const before = queries.statements.length;
    for (let turn = 0; turn < 20; turn += 1) {
      for (const path of ['/api/auth/session', '/api/user', '/api/token']) {
        expect((await elsewhere.get(path, { token })).status).toBe(200);
      }
    }
    const auth = replica.app.get(AuthService);
    expect(await auth.checkBearerToken(token)).toMatchObject({ id: expect.any(String) });
    // The workers in the background ask for mail; nobody asks for a session or a user.
    expect(queries.statements.slice(before).filter((sql) => /\b(?:sessions|users)\b/.test(sql))).toEqual([]);
    const found = replica.app.get(Authenticator).authenticate(token, 'code');
    expect(found).not.toBeInstanceOf(Promise);
    expect(Object.isFrozen((found as { user: object }).user)).toBe(true);
  });

  describe('RFR-17, JWT-41: what ends or changes a session is known elsewhere within a second', () => {
    type Person = Awaited<ReturnType<typeof known>>;
    const ends: Record<string, (person: Person) => Promise<unknown>> = {
      'sign-out': ({ token }) => client.post('/api/auth/logout', undefined, { token }),
      'sign-out by refresh token': ({ refreshToken }) => client.post('/api/auth/logout', { refreshToken }),
      ban: ({ user }) => target.app.get(UsersService).ban(user.id),
      deletion: ({ user }) => target.app.get(UsersService).delete(user.id),
      'ending it in code': ({ token }) => target.app.get(SessionsService).end(sidOf(token), 'host'),
      'somebody with SQL': ({ token }) =>
        target.database.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [sidOf(token)]),
      'a row that is gone': ({ token }) =>
        target.database.query('DELETE FROM sessions WHERE id = $1', [sidOf(token)]),
      'a user who is gone': ({ user }) => target.database.query('DELETE FROM users WHERE id = $1', [user.id]),
    };

    it.each(Object.entries(ends))('%s', async (_what, end) => {
      const person = await known();
      await end(person);
      expect(await lastAcceptance(person.token, 401)).toBeLessThan(SECOND_MS);
      expect(await lastAcceptance(person.token, 401, client)).toBeLessThan(SECOND_MS);
      for (const through of [client, elsewhere]) {
        expect((await ask(person.token, through)).body.code).toBe('session_revoked');
      }
    });

    it('at once in the process that did it', async () => {
      for (let turn = 0; turn < 10; turn += 1) {
        const { token } = await known();
        await client.post('/api/auth/logout', undefined, { token });
        expect((await ask(token, client)).body.code).toBe('session_revoked');
      }
    });

    it('a new password ends the others, and leaves the session it was set from', async () => {
      const mine = await known();
      const { email } = (await client.get('/api/user', { token: mine.token })).body;
      const other = (await client.login(email)).body.token;
      expect((await ask(other)).status).toBe(200);
      await client.post(
        '/api/user/password',
        { currentPassword: PASSWORD, newPassword: 'another horse battery' },
        { token: mine.token },
      );
      expect(await lastAcceptance(other, 401)).toBeLessThan(SECOND_MS);
      expect((await ask(mine.token)).status).toBe(200);
    });

    it('a new name', async () => {
      const { token } = await known();
      await client.patch('/api/user', { firstName: 'Ada' }, { token });
      const nameElsewhere = async (): Promise<unknown> =>
        (await elsewhere.get('/api/user', { token })).body.firstName;
      await expect.poll(nameElsewhere, { timeout: SECOND_MS, interval: 10 }).toBe('Ada');
    });
  });

  it('is not filled with what a revocation has overtaken', async () => {
    const { token } = await known();
    const { claims } = await replica.app.get(Authenticator).authenticate(token, 'code');
    const directory = replica.app.get(LiveDirectory);
    const row = await replica.app.get(SessionsService).find(sidOf(token));
    replica.forget();
    await directory.learn(token, claims, async () => {
      // The row is read; before it arrives the session ends, and the news of it come first.
      await client.post('/api/auth/logout', undefined, { token });
      await replica.catchUp();
      if (!row) throw new Error('no session');
      return row;
    });
    expect(directory.recall(token)).toBeUndefined();
    expect((await ask(token)).body.code).toBe('session_revoked');
  });

  it('asks the database once for a token that many bring at once', async () => {
    const { token } = await known();
    replica.forget();
    const asked = await queries.of('sessions', () =>
      Promise.all(Array.from({ length: 20 }, () => ask(token))),
    );
    expect(asked).toHaveLength(1);
  });

  it('holds in races of many checks with the end of the session', async () => {
    const auth = target.app.get(AuthService);
    const { user } = await client.register();
    for (let round = 0; round < 20; round += 1) {
      const token = String(await auth.getBearerToken(user));
      const checks = Array.from({ length: 10 }, () => ask(token));
      const [end] = await Promise.all([target.app.get(SessionsService).end(sidOf(token), 'race'), ...checks]);
      expect(end).toBe(true);
      await expect.poll(async () => (await ask(token)).status, { timeout: SECOND_MS, interval: 5 }).toBe(401);
      for (let turn = 0; turn < 5; turn += 1) expect((await ask(token)).status).toBe(401);
    }
  });

  it('follows again when its connection was ended by the server', async () => {
    const { token } = await known();
    await target.database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tokenhouse news' AND datname = current_database()",
    );
    await client.post('/api/auth/logout', undefined, { token });
    expect(await lastAcceptance(token, 401)).toBeLessThan(SILENCE_MS);
    await expect.poll(() => replica.app.get(NewsFollower).isCurrent(), { timeout: SECOND_MS }).toBe(true);
  });

  describe('RES-03: while the way to the database is', () => {
    const faults = {
      cut: [() => network.cut(), () => network.open()],
      frozen: [() => network.freeze(), () => network.thaw()],
    } as const;

    it.each(Object.entries(faults))(
      '%s, a revoked token is let in for three seconds at most, and then 503',
      async (_fault, [fail, mend]) => {
        const { token } = await known();
        const other = await known();
        await fail();
        await client.post('/api/auth/logout', undefined, { token });
        expect(await lastAcceptance(token, 503)).toBeLessThan(SILENCE_MS);
        const { status, headers } = await ask(other.token);
        expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true]);
        await mend();
        await expect
          .poll(async () => (await ask(token)).body.code, { timeout: 15_000 })
          .toBe('session_revoked');
        await expect.poll(async () => (await ask(other.token)).status, { timeout: 15_000 }).toBe(200);
        await expect.poll(() => replica.app.get(NewsFollower).isCurrent(), { timeout: 15_000 }).toBe(true);
      },
      60_000,
    );
  });
});

describe('the live directory, when the database is frozen', () => {
  it('does not hold up the end of the process', { timeout: 60_000 }, async () => {
    const target = await startApp();
    const network = await new TcpProxy(String(target.environment.DATABASE_URL)).open();
    const replica = await startApp({ DATABASE_URL: network.url }, target);
    network.freeze();
    const began = performance.now();
    await replica.close();
    // A statement of the pool that is under way is given up after twelve seconds; after thirty, containers are killed.
    expect(performance.now() - began).toBeLessThan(30_000);
    await network.cut();
    await target.close();
  });

  it('follows again soon when only its connection is, however busy the pool is', async () => {
    const target = await startApp();
    const client = new Client(target);
    const people: Answer['body'][] = [];
    for (let n = 0; n < 20; n += 1) people.push(await client.register());
    await target.database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tokenhouse news' AND datname = current_database()",
    );
    const began = performance.now();
    await Promise.all(people.map(({ token }) => client.post('/api/auth/logout', undefined, { token })));
    expect(performance.now() - began).toBeLessThan(2_000);
    for (const { token } of people) {
      expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
    }
    await target.close();
  });
});

describe('the live directory and time', () => {
  let target: TestApp;
  let client: Client;
  beforeAll(async () => {
    target = await startApp({ BEARER_TOKEN_TTL: '2' });
    client = new Client(target);
  });
  afterAll(() => target.close());

  it('JWT-30: a remembered token is late when its time is over, to the second', async () => {
    const { token } = await client.register();
    const ask = async (): Promise<unknown> => (await client.get('/api/user', { token })).body.code;
    expect(await ask()).toBeUndefined();
    target.clock.advanceSeconds(120 + 58);
    expect(await ask()).toBeUndefined();
    target.clock.advanceSeconds(3);
    expect(await ask()).toBe('token_expired');
    target.clock.reset();
  });
});
