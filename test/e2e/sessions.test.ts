import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthService } from '../../src/auth/auth.service.js';
import { Challenge } from '../../src/auth/challenge.js';
import { SignInService } from '../../src/auth/sign-in.service.js';
import { UserBanned } from '../../src/auth/auth.errors.js';
import type { DomainEvent } from '../../src/events/domain-event.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { RegistrationService } from '../../src/registration/registration.service.js';
import { LastSeen } from '../../src/sessions/last-seen.service.js';
import { SessionsService } from '../../src/sessions/sessions.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, setCookies, someEmail } from '../support/client.js';
import { eventRows } from '../support/event-rows.js';
import { decodeToken } from '../support/forge.js';
import { isWrite, QueryLog } from '../support/query-log.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2 Mobile/15E148 Safari/604.1';
const OWN_PAGE = { headers: { origin: 'http://localhost:3000' } };
const MINUTE_MS = 60_000;

describe('signing in, and sessions', () => {
  let target: TestApp;
  let client: Client;
  let queries: QueryLog;
  const opened: DomainEvent<'session.opened'>[] = [];

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    queries = new QueryLog(target.database);
    target.app.get(DomainEvents).on('session.opened', (event) => void opened.push(event));
  });
  afterAll(() => target.close());

  const sid = ({ token }: { token: string }): string => String(decodeToken(token).payload.sid);
  const sql = (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    target.database.query(text, values);
  const login = (body: object, through = client): Promise<Answer> => through.post('/api/auth/login', body);
  const list = async (token: string): Promise<Answer['body'][]> =>
    (await client.get('/api/user/sessions', { token })).body;
  /** The session's sign-in was so long ago that it no longer counts as fresh. */
  const grow = (id: string): Promise<unknown> =>
    sql("UPDATE sessions SET authenticated_at = now() - interval '16 min' WHERE id = $1", [id]);

  /** Runs with a further replica that is configured otherwise. */
  async function withConfig(
    environment: Record<string, string>,
    work: (through: Client, app: TestApp) => Promise<void>,
  ) {
    const app = await startApp(environment, target);
    try {
      await work(new Client(app), app);
    } finally {
      await app.close();
    }
  }

  describe('SS-01 signing in', () => {
    it('SS-01 by address in any spelling, or by username in any case; always a fresh session', async () => {
      const email = someEmail('Über'.normalize('NFKD').replace(/\P{ASCII}/gu, ''));
      const { user, ...first } = await client.register({ email, username: `Ada-${Date.now()}` });
      const sids = [sid(first as { token: string })];
      for (const spelling of [email, email.toUpperCase(), ` ${email} `, user.username.toUpperCase()]) {
        const answer = await login({ login: spelling, password: PASSWORD });
        expect(answer.status, spelling).toBe(200);
        expect(answer.body.user.id).toBe(user.id);
        sids.push(sid(answer.body));
      }
      expect((await login({ email, password: PASSWORD })).status).toBe(200);
      expect((await login({ username: user.username, password: PASSWORD })).status).toBe(200);
      const signin = await client.post('/api/auth/signin', { login: email, password: PASSWORD });
      expect(signin.status).toBe(200);
      expect(new Set(sids).size).toBe(sids.length);
    });

    it('SS-01 LOGIN_ATTRIBUTE decides what counts', async () => {
      const username = `grace${Date.now()}`;
      const { user } = await client.register({ username });
      for (const [attribute, good, bad] of [
        ['email', user.email, username],
        ['username', username, user.email],
      ]) {
        await withConfig({ LOGIN_ATTRIBUTE: String(attribute) }, async (through) => {
          expect((await login({ login: good, password: PASSWORD }, through)).status).toBe(200);
          expect((await login({ login: bad, password: PASSWORD }, through)).body.code).toBe(
            'invalid_credentials',
          );
        });
      }
    });

    it('SS-01 domains are compared as A-labels', async () => {
      const name = `i${Date.now()}`;
      const { user } = await client.register({ email: `${name}@bücher.example` });
      expect(user.email).toBe(`${name}@xn--bcher-kva.example`);
      for (const domain of ['bücher.example', 'BÜCHER.example', 'xn--bcher-kva.example']) {
        expect((await login({ login: `${name}@${domain}`, password: PASSWORD })).status, domain).toBe(200);
      }
    });

    it('SS-02 a missing or odd field is a 400, whatever the rest says', async () => {
      const { user } = await client.register();
      const bodies = [
        {},
        { login: user.email },
        { password: PASSWORD },
        { login: 5, password: PASSWORD },
        { login: [user.email], password: PASSWORD },
        { login: { $ne: null }, password: PASSWORD },
        { login: null, password: PASSWORD },
        { login: user.email, password: null },
        { login: user.email, password: 12345678 },
        { login: user.email, password: PASSWORD, remember: 'yes' },
        { login: user.email, password: PASSWORD, transport: 'pigeon' },
      ];
      for (const body of bodies) {
        expect((await login(body)).body, JSON.stringify(body)).toMatchObject({
          status: 400,
          code: 'validation_failed',
        });
      }
      expect(await sql('SELECT id FROM sessions WHERE user_id = $1', [user.id])).toHaveLength(1);
    });

    it('SS-04 tells of a ban only after the right password', async () => {
      const { user } = await client.register();
      await target.app.get(UsersService).ban(user.id, 'a secret reason');
      const right = await client.login(user.email);
      expect(right.body).toMatchObject({ status: 403, code: 'user_banned' });
      expect(JSON.stringify(right.body)).not.toContain('secret reason');
      expect((await client.login(user.email, 'wrong horse battery')).body).toMatchObject({
        status: 401,
        code: 'invalid_credentials',
      });
      expect(await sql('SELECT 1 FROM sessions WHERE user_id = $1', [user.id])).toHaveLength(1);
    });

    it('SS-05 an unproven address may sign in', async () => {
      const { user } = await client.register();
      const answer = await client.login(user.email);
      expect(answer.body.user).toMatchObject({ emailVerified: false });
      expect((await client.get('/api/user', { token: answer.body.token })).status).toBe(200);
    });
  });

  describe('SS-06 how long a session lives', () => {
    const minutesLeft = (time: string): number => (Date.parse(time) - Date.now()) / MINUTE_MS;

    it('SS-06 a day, or with `remember` thirty', async () => {
      const { user, refreshExpiresAt } = await client.register();
      expect(minutesLeft(refreshExpiresAt)).toBeCloseTo(1440, -1);
      const short = (await client.login(user.email, PASSWORD, { remember: false })).body;
      const long = (await client.login(user.email, PASSWORD, { remember: true })).body;
      expect(Math.round(minutesLeft(short.refreshExpiresAt))).toBe(1440);
      expect(Math.round(minutesLeft(long.refreshExpiresAt))).toBe(43_200);
      const { refreshToken } = long;
      const refreshed = await client.post('/api/auth/refresh', { refreshToken });
      expect(refreshed.body.refreshExpiresAt).toBe(long.refreshExpiresAt);
      const rows = await sql(
        `SELECT round(extract(epoch FROM idle_expires_at - now()) / 60)::int AS idle FROM sessions
         WHERE user_id = $1 ORDER BY id`,
        [user.id],
      );
      expect(rows).toEqual([{ idle: 1440 }, { idle: 1440 }, { idle: 20_160 }]);
    });

    it('SS-06 as configured', async () => {
      const environment = { SESSION_TTL: '20', SESSION_REMEMBER_TTL: '90', SESSION_IDLE_TTL: '30' };
      await withConfig(environment, async (through) => {
        const short = await through.register();
        expect(Math.round(minutesLeft(short.refreshExpiresAt))).toBe(20);
        expect(short.expiresIn).toBeLessThanOrEqual(1200);
        expect(short.expiresIn).toBeGreaterThan(1190);
        const long = (await through.login(short.user.email, PASSWORD, { remember: true })).body;
        expect(Math.round(minutesLeft(long.refreshExpiresAt))).toBe(90);
        expect(long.expiresIn).toBeLessThanOrEqual(1800);
      });
    });
  });

  describe('SS-07 signing out', () => {
    it('SS-07 is a 204 also when repeated, expired, foreign or absent', async () => {
      const { token, refreshToken } = await client.register();
      const logout = (body?: object, options: object = {}) => client.post('/api/auth/logout', body, options);
      expect((await logout(undefined, { token })).status).toBe(204);
      expect((await logout(undefined, { token })).status).toBe(204);
      expect((await logout({ refreshToken })).status).toBe(204);
      expect((await logout()).status).toBe(204);
      for (const authorization of ['null', 'Bearer null', 'Bearer x.y.z', 'Basic YTpi', 'Bearer']) {
        expect((await logout({ refreshToken: null }, { headers: { authorization } })).status).toBe(204);
      }
      expect((await logout({ refreshToken: 'of somebody else' })).status).toBe(204);
    });

    it('SS-07 an expired access token still ends its session', async () => {
      const { token, refreshToken } = await client.register();
      target.clock.advanceSeconds(3600 + 61);
      expect((await client.get('/api/user', { token })).body.code).toBe('token_expired');
      expect((await client.post('/api/auth/logout', undefined, { token })).status).toBe(204);
      target.clock.reset();
      expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
      expect((await client.post('/api/auth/refresh', { refreshToken })).body.code).toBe('session_revoked');
    });

    it('SS-07 clears the cookies', async () => {
      const { user } = await client.register();
      const body = { login: user.email, password: PASSWORD, transport: 'cookie' };
      const cookies = setCookies(await client.post('/api/auth/login', body, OWN_PAGE));
      const answer = await client.post('/api/auth/logout', undefined, { ...OWN_PAGE, cookies });
      expect(answer.status).toBe(204);
      expect(setCookies(answer)).toEqual({ session: '', refresh: '' });
      for (const line of answer.headers.getSetCookie()) expect(line).toContain('Expires=Thu, 01 Jan 1970');
      expect((await client.get('/api/user', { cookies })).body.code).toBe('session_revoked');
    });
  });

  it('SS-08 the current session: who, since when, until when', async () => {
    const bundle = await client.register();
    const { body, status } = await client.get('/api/auth/session', { token: bundle.token });
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['expires', 'session', 'user']);
    expect(body.expires).toBe(body.session.expiresAt);
    expect(body.expires).toBe(bundle.refreshExpiresAt);
    expect(body.session).toMatchObject({ id: sid(bundle), methods: ['pwd'] });
    expect(Date.parse(body.session.authenticatedAt)).toBeLessThanOrEqual(Date.now() + 1000);
    expect(body.user.id).toBe(bundle.user.id);
    const none = await client.get('/api/auth/session');
    expect(none.body).toMatchObject({ status: 401, code: 'token_missing' });
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
  });

  describe('SS-09 the list', () => {
    it('SS-09 shows every live session of one’s own, the newest first', async () => {
      const { user } = await client.register();
      const on = (agent: string): Promise<Answer> =>
        client.post(
          '/api/auth/login',
          { login: user.email, password: PASSWORD },
          { headers: { 'user-agent': agent } },
        );
      const firefox = (await on(FIREFOX)).body;
      const phone = (await on(IPHONE)).body;
      const unknown = (await on('x'.repeat(2000))).body;
      const inCode = await target.app.get(AuthService).getBearerToken({ id: user.id });
      const sessions = await list(firefox.token);
      expect(sessions.map(({ id }) => id).slice(0, 4)).toEqual(
        [{ token: String(inCode) }, unknown, phone, firefox].map(sid),
      );
      expect(sessions).toHaveLength(5);
      expect(sessions.filter(({ current }) => current).map(({ id }) => id)).toEqual([sid(firefox)]);
      expect(sessions[3]).toEqual({
        id: sid(firefox),
        device: 'desktop',
        browser: 'Firefox 145',
        system: 'Linux',
        ip: '127.0.0.1',
        createdAt: expect.any(String),
        lastSeenAt: expect.any(String),
        expiresAt: firefox.refreshExpiresAt,
        methods: ['pwd'],
        current: true,
      });
      expect(sessions[2]).toMatchObject({ device: 'Apple iPhone', browser: 'Safari 18', system: 'iOS 18.2' });
      expect(sessions[0]).toMatchObject({ methods: [], ip: null, device: null, browser: null });
      const stored = await sql('SELECT max(length(user_agent)) AS longest FROM sessions');
      expect(stored[0]?.longest).toBe(512);
    });

    it('SS-09 shows none that has ended or run out', async () => {
      const mine = await client.register();
      const ended = (await client.login(mine.user.email)).body;
      const late = (await client.login(mine.user.email)).body;
      await client.post('/api/auth/logout', undefined, { token: ended.token });
      await sql('UPDATE sessions SET idle_expires_at = now() WHERE id = $1', [sid(late)]);
      expect((await list(mine.token)).map(({ id }) => id)).toEqual([sid(mine)]);
    });

    it('AUTHZ-03 shows nobody else’s, and has no route to one', async () => {
      const a = await client.register();
      const b = await client.register();
      expect((await list(a.token)).map(({ id }) => id)).toEqual([sid(a)]);
      const read = await client.get(`/api/user/sessions/${sid(b)}`, { token: a.token });
      expect(read.body).toMatchObject({ status: 404, code: 'not_found' });
    });
  });

  describe('SS-10 ending sessions', () => {
    it('SS-10 all others; this one stays', async () => {
      const mine = await client.register();
      const others = [(await client.login(mine.user.email)).body, (await client.login(mine.user.email)).body];
      const answer = await client.delete('/api/user/sessions', undefined, { token: mine.token });
      expect(answer.status).toBe(204);
      expect((await list(mine.token)).map(({ id }) => id)).toEqual([sid(mine)]);
      for (const { token } of others) {
        expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
      }
      const again = await client.delete('/api/user/sessions', undefined, { token: mine.token });
      expect(again.status).toBe(204);
    });

    it('SS-10 tells of those that were live, and of none where none was', async () => {
      const mine = await client.register();
      const { email, id } = mine.user;
      const endOthers = (): Promise<unknown> =>
        client.delete('/api/user/sessions', undefined, { token: mine.token });
      const told = async (): Promise<unknown[]> =>
        (await eventRows(target.database, id, 'sessions.closed')).map(({ data }) => data.count);
      const expire = (session: string): Promise<unknown> =>
        sql("UPDATE sessions SET idle_expires_at = now() - interval '1 s' WHERE id = $1", [session]);
      await expire(sid((await client.login(email)).body));
      await endOthers();
      expect(await told()).toEqual([]);
      await expire(sid((await client.login(email)).body));
      await client.login(email);
      await endOthers();
      expect(await told()).toEqual([1]);
      expect(await sql('SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL', [id])).toEqual([
        { id: sid(mine) },
      ]);
    });

    it('SS-10 needs a fresh sign-in, save for the current session', async () => {
      const mine = await client.register();
      const other = (await client.login(mine.user.email)).body;
      const { token } = mine;
      await grow(sid(mine));
      for (const path of ['', `/${sid(other)}`]) {
        expect((await client.delete(`/api/user/sessions${path}`, undefined, { token })).body).toMatchObject({
          status: 403,
          code: 'step_up_required',
        });
      }
      expect((await client.get('/api/user', { token: other.token })).status).toBe(200);
      expect((await client.delete(`/api/user/sessions/${sid(mine)}`, undefined, { token })).status).toBe(204);
      expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
    });

    it('SS-10 ending one’s own current session clears its cookies, as logout does', async () => {
      const { user } = await client.register();
      const body = { login: user.email, password: PASSWORD, transport: 'cookie' };
      const cookies = setCookies(await client.post('/api/auth/login', body, OWN_PAGE));
      const path = `/api/user/sessions/${sid({ token: cookies.session ?? '' })}`;
      const answer = await client.delete(path, undefined, { ...OWN_PAGE, cookies });
      expect(answer.status).toBe(204);
      expect(setCookies(answer)).toEqual({ session: '', refresh: '' });
    });

    it('AUTHZ-04 another’s, ended, unknown or odd id is a 404 and changes nothing', async () => {
      const a = await client.register();
      const b = await client.register();
      const ended = (await client.login(a.user.email)).body;
      await client.post('/api/auth/logout', undefined, { token: ended.token });
      const ids = [sid(b), sid(ended), '0190a000-0000-7000-8000-000000000000', '1', "'; DROP TABLE sessions"];
      const bodies = [];
      for (const id of ids) {
        const path = `/api/user/sessions/${encodeURIComponent(id)}`;
        const answer = await client.delete(path, undefined, { token: a.token });
        expect(answer.status, id).toBe(404);
        const { requestId: _, instance: __, ...rest } = answer.body;
        bodies.push(rest);
      }
      expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
      expect((await client.get('/api/user', { token: b.token })).status).toBe(200);
      expect((await list(b.token)).map(({ id }) => id)).toEqual([sid(b)]);
    });
  });

  describe('SS-16 step-up', () => {
    it('SS-16 raises this session and no other, without new refresh tokens', async () => {
      const mine = await client.register();
      const other = (await client.login(mine.user.email)).body;
      await grow(sid(mine));
      await grow(sid(other));
      const { token } = mine;
      const confirmed = await client.post('/api/user/confirm-password', { password: PASSWORD }, { token });
      expect(confirmed.status).toBe(200);
      expect(sid(confirmed.body)).toBe(sid(mine));
      expect(confirmed.body.refreshToken).toBe(mine.refreshToken);
      const { auth_time } = decodeToken(confirmed.body.token).payload;
      expect(Number(auth_time)).toBeGreaterThan(Date.now() / 1000 - 60);
      const fromOther = await client.delete('/api/user/sessions', undefined, { token: other.token });
      expect(fromOther.body.code).toBe('step_up_required');
      expect((await client.delete('/api/user/sessions', undefined, { token })).status).toBe(204);
    });

    it('SS-16 a wrong password is a 422 and raises nothing', async () => {
      const mine = await client.register();
      const { token } = mine;
      await grow(sid(mine));
      const wrong = await client.post('/api/user/confirm-password', { password: 'wrong' }, { token });
      expect(wrong.body).toMatchObject({ status: 422, code: 'password_incorrect' });
      for (const body of [{}, { password: null }, { password: [PASSWORD] }, undefined]) {
        expect((await client.post('/api/user/confirm-password', body, { token })).status).toBe(400);
      }
      expect((await client.delete('/api/user/sessions', undefined, { token })).status).toBe(403);
    });

    it('SS-16 lasts CONFIRM_PASSWORD_TTL, to the second', async () => {
      await withConfig({ CONFIRM_PASSWORD_TTL: '2' }, async (through, app) => {
        const { token, ...bundle } = await through.register();
        const end = () => through.delete('/api/user/sessions', undefined, { token });
        const since = (seconds: number) =>
          sql('UPDATE sessions SET authenticated_at = now() - make_interval(secs => $2) WHERE user_id = $1', [
            bundle.user.id,
            seconds,
          ]);
        await since(115);
        await app.catchUp();
        expect((await end()).status).toBe(204);
        await since(121);
        await app.catchUp();
        expect((await end()).body.code).toBe('step_up_required');
      });
    });

    it('SS-16 refreshing raises nothing', async () => {
      const mine = await client.register();
      await grow(sid(mine));
      const { refreshToken } = mine;
      const { token } = (await client.post('/api/auth/refresh', { refreshToken })).body;
      expect((await client.delete('/api/user/sessions', undefined, { token })).status).toBe(403);
    });
  });

  describe('SS-12 last seen', () => {
    const times = async (id: string): Promise<Record<string, unknown>> => {
      const [row] = await sql(
        `SELECT s.last_seen_at, s.idle_expires_at, u.last_seen_at AS user_seen_at, u.updated_at
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1`,
        [id],
      );
      return { ...row };
    };
    const lastSeen = (): LastSeen => target.app.get(LastSeen);

    it('SS-12 is noted at most every five minutes, in the background, and touches nothing else', async () => {
      const { token, user, ...rest } = await client.register();
      const id = sid({ token });
      const back = (minutes: number) =>
        sql(
          `WITH s AS (UPDATE sessions SET last_seen_at = now() - make_interval(mins => $2) WHERE id = $1)
           UPDATE users SET last_seen_at = now() - make_interval(mins => $2) WHERE id = $3`,
          [id, minutes, user.id],
        );
      expect(rest.expiresIn).toBe(3600);

      await back(4);
      const recent = await times(id);
      await client.get('/api/auth/session', { token });
      await lastSeen().flush();
      expect(await times(id)).toEqual(recent);

      await back(6);
      target.forget();
      const before = await times(id);
      await client.get('/api/auth/session', { token });
      await lastSeen().flush();
      const after = await times(id);
      expect(Number(after.last_seen_at)).toBeGreaterThan(Number(before.last_seen_at) + 5 * MINUTE_MS);
      expect(Number(after.user_seen_at)).toBeGreaterThan(Number(before.user_seen_at) + 5 * MINUTE_MS);
      expect(after.updated_at).toEqual(before.updated_at);

      await client.get('/api/auth/session', { token });
      await lastSeen().flush();
      expect(await times(id)).toEqual(after);
      expect(Date.parse((await client.get('/api/user', { token })).body.lastSeenAt)).toBe(
        Number(after.user_seen_at),
      );
    });

    it('NX-06 no request that a token identifies writes', async () => {
      const { token } = await client.register();
      await sql("UPDATE sessions SET last_seen_at = now() - interval '1 hour' WHERE id = $1", [
        sid({ token }),
      ]);
      await lastSeen().flush();
      for (const path of ['/api/auth/session', '/api/user', '/api/user/sessions', '/api/token']) {
        target.forget();
        const asked = await queries.of('sessions|users', () => client.get(path, { token }));
        expect(asked.length, path).toBeGreaterThan(0);
        // The background may write what an earlier request noted; it says so by its many ids at once.
        expect(asked.filter((statement) => isWrite(statement) && !statement.includes('ANY($1)'))).toEqual([]);
      }
    });

    it('SS-12 never brings an ended session back, nor moves its end', async () => {
      const { token } = await client.register();
      const id = sid({ token });
      await sql("UPDATE sessions SET last_seen_at = now() - interval '1 hour' WHERE id = $1", [id]);
      await client.get('/api/auth/session', { token });
      await client.post('/api/auth/logout', undefined, { token });
      const ended = await times(id);
      await lastSeen().flush();
      expect((await times(id)).idle_expires_at).toEqual(ended.idle_expires_at);
      expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
    });
  });

  describe('SS-13 addresses seen', () => {
    const spoofed = { headers: { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' } };
    const seenBy = async (through: Client): Promise<Record<string, unknown> | undefined> => {
      const email = someEmail();
      await through.post('/api/auth/register', { email, password: PASSWORD }, spoofed);
      const [row] = await sql(
        'SELECT u.created_ip, u.last_ip, s.ip FROM users u JOIN sessions s ON s.user_id = u.id WHERE email = $1',
        [email],
      );
      return row;
    };

    it('SS-13 believes nobody about it', async () => {
      expect(await seenBy(client)).toEqual({
        created_ip: '127.0.0.1',
        last_ip: '127.0.0.1',
        ip: '127.0.0.1',
      });
    });

    it('SS-13 but configured proxies, the last of which is no proxy of ours', async () => {
      await withConfig({ TRUSTED_PROXIES: '127.0.0.0/8' }, async (through) => {
        const ip = '198.51.100.7';
        expect(await seenBy(through)).toEqual({ created_ip: ip, last_ip: ip, ip });
      });
    });
  });

  it('SS-14 cookies: the secrets travel in them and are absent from the body', async () => {
    const { user } = await client.register();
    const body = { login: user.email, password: PASSWORD, transport: 'cookie' };
    const answer = await client.post('/api/auth/login', body, OWN_PAGE);
    expect(answer.status).toBe(200);
    expect(answer.body).not.toHaveProperty('token');
    expect(answer.body).not.toHaveProperty('refreshToken');
    const cookies = setCookies(answer);
    expect((await client.get('/api/user', { cookies })).body.id).toBe(user.id);
    const lines = answer.headers.getSetCookie();
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toContain('HttpOnly');
      expect(line).toContain('SameSite=Lax');
      expect(line).not.toContain('Domain');
    }
    expect((await client.post('/api/auth/login', body)).body.code).toBe('csrf_rejected');
  });

  describe('SS-15 a module’s step in signing in', () => {
    it('SS-15 runs once, after the password, and may refuse or say what proved the person', async () => {
      const guarded = await startApp({}, target);
      const seen: string[] = [];
      guarded.app.get(SignInService).contribute({
        name: 'gate',
        run: ({ user, methods }) => {
          seen.push(user.email);
          if (user.firstName === 'Eve') throw new UserBanned();
          methods.push('geo');
        },
      });
      const through = new Client(guarded);
      const { user } = await client.register();
      const eve = await client.register({ firstName: 'Eve' });
      expect((await through.login(user.email, 'wrong horse battery')).status).toBe(401);
      expect(seen).toEqual([]);
      const passed = await through.login(user.email);
      expect(decodeToken(passed.body.token).payload.amr).toEqual(['pwd', 'geo']);
      expect((await through.login(eve.user.email)).body).toMatchObject({
        status: 403,
        code: 'user_banned',
      });
      expect(seen).toEqual([user.email, eve.user.email]);
      expect(await sql('SELECT 1 FROM sessions WHERE user_id = $1', [eve.user.id])).toHaveLength(1);
      await guarded.close();
    });
  });

  describe('SS-17 in code', () => {
    it('SS-17 find, validate, attempt and register pass the same gates as the routes', async () => {
      const users = target.app.get(UsersService);
      const signIn = target.app.get(SignInService);
      const email = someEmail();
      const registered = await target.app.get(RegistrationService).register({ email, password: PASSWORD });
      const { id } = registered.user;
      expect(await users.findById(id)).toMatchObject({ id, email });
      expect(await users.findByLogin(email.toUpperCase())).toMatchObject({ id });

      expect(await signIn.validate({ login: email, password: PASSWORD })).toMatchObject({ id });
      expect(await signIn.validate({ login: email, password: 'wrong' })).toBeNull();
      expect(await signIn.validate({ login: someEmail(), password: PASSWORD })).toBeNull();
      expect(await sql('SELECT 1 FROM sessions WHERE user_id = $1', [id])).toHaveLength(1);

      const bundle = await signIn.signIn({ login: email, password: PASSWORD });
      if (bundle instanceof Challenge) throw new Error('No second factor is on.');
      expect((await client.get('/api/user', { token: bundle.token })).body.id).toBe(id);
      await expect(signIn.signIn({ login: email, password: 'wrong' })).rejects.toMatchObject({
        code: 'invalid_credentials',
      });
      await users.ban(id);
      await expect(signIn.signIn({ login: email, password: PASSWORD })).rejects.toMatchObject({
        code: 'user_banned',
      });
    });

    it('SS-17 opens quietly: a session as any other, but no event', async () => {
      const { user } = await client.register();
      const opening = { userId: user.id, methods: [], remember: false };
      const quiet = await target.app.get(SessionsService).open(opening, target.database.manager);
      const loud = (await client.login(user.email)).body;
      const told = opened.filter(({ userId }) => userId === user.id).map((event) => event.sid);
      expect(told).toHaveLength(2);
      expect(told).toContain(sid(loud));
      expect(told).not.toContain(quiet?.session.id);
      expect((await list(loud.token)).map(({ id }) => id)).toContain(quiet?.session.id);
    });
  });

  describe('BT-01 issuing', () => {
    it('BT-01 registration, sign-in and refresh answer one and the same bundle, bound to a live session', async () => {
      const registered = await client.register();
      const signedIn = (await client.login(registered.user.email)).body;
      const { refreshToken } = signedIn;
      const refreshed = (await client.post('/api/auth/refresh', { refreshToken })).body;
      const members = [
        'expiresAt',
        'expiresIn',
        'refreshExpiresAt',
        'refreshToken',
        'token',
        'tokenType',
        'user',
      ];
      for (const bundle of [registered, signedIn, refreshed]) {
        expect(Object.keys(bundle).sort()).toEqual(members);
        const { exp, sub } = decodeToken(bundle.token).payload;
        expect(sub).toBe(registered.user.id);
        expect(Date.parse(bundle.expiresAt)).toBe(Number(exp) * 1000);
        expect((await list(bundle.token)).some(({ id, current }) => current && id === sid(bundle))).toBe(
          true,
        );
      }
    });

    it('BT-01 in code, a session of its own; nothing for nobody', async () => {
      const auth = target.app.get(AuthService);
      const { user } = await client.register();
      const token = String(await auth.getBearerToken({ id: user.id }));
      expect((await list(token)).map(({ id }) => id)).toContain(sid({ token }));
      expect(await auth.getBearerToken()).toBeNull();
      expect(await auth.getBearerToken(null)).toBeNull();
      expect(await auth.getBearerToken({ id: '0190a000-0000-7000-8000-000000000000' })).toBeNull();
    });
  });
});
