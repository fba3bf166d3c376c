import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DomainEvents } from '../../src/events/domain-events.js';
import type { DomainEvent } from '../../src/events/domain-event.js';
import { type Answer, Client, PASSWORD, setCookies } from '../support/client.js';
import { startApp, type TestApp } from '../support/app.js';
import { decodeToken } from '../support/forge.js';
import { isWrite, QueryLog } from '../support/query-log.js';

describe('refreshing', () => {
  let target: TestApp;
  let replica: TestApp;
  let client: Client;
  let other: Client;
  let queries: QueryLog;
  const thefts: DomainEvent<'token.reused'>[] = [];

  beforeAll(async () => {
    target = await startApp();
    replica = await startApp({}, target);
    client = new Client(target);
    other = new Client(replica);
    queries = new QueryLog(target.database);
    target.app.get(DomainEvents).on('token.reused', (event) => void thefts.push(event));
  });
  afterAll(async () => {
    await replica.close();
    await target.close();
  });

  const refresh = (refreshToken: unknown, through: Client = client): Promise<Answer> =>
    through.post('/api/auth/refresh', { refreshToken });

  /** Makes `count` successors of a refresh token, one of the other. */
  async function rotate(refreshToken: string, count: number): Promise<string> {
    let current = refreshToken;
    for (let made = 0; made < count; made += 1) current = (await refresh(current)).body.refreshToken;
    return current;
  }

  const sessionId = (bundle: { token: string }): string => String(decodeToken(bundle.token).payload.sid);

  async function row(sid: string): Promise<Record<string, unknown>> {
    const sql = 'SELECT * FROM sessions WHERE id = $1';
    const [found] = await target.database.query<Record<string, unknown>[]>(sql, [sid]);
    return { ...found };
  }

  /** Lets time pass for a session: what it did is so long ago, and what it waits for comes so much sooner. */
  const age = (sid: string, interval: string): Promise<unknown> =>
    target.database.query(
      `UPDATE sessions SET rotated_at = rotated_at - $2::interval, last_seen_at = last_seen_at - $2::interval,
         expires_at = expires_at - $2::interval, idle_expires_at = idle_expires_at - $2::interval WHERE id = $1`,
      [sid, interval],
    );

  describe('BT-14 rotation', () => {
    it('answers a new bundle for the same session', async () => {
      const bundle = await client.register();
      const answer = await refresh(bundle.refreshToken);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.body).toMatchObject({
        tokenType: 'Bearer',
        expiresIn: 3600,
        refreshExpiresAt: bundle.refreshExpiresAt,
        user: { id: bundle.user.id },
      });
      expect(answer.body.refreshToken).not.toBe(bundle.refreshToken);
      expect(answer.body.token).not.toBe(bundle.token);
      expect(sessionId(answer.body)).toBe(sessionId(bundle));
      expect((await client.get('/api/auth/session', { token: answer.body.token })).status).toBe(200);
      expect((await client.get('/api/auth/session', { token: bundle.token })).status).toBe(200);
      expect((await row(sessionId(bundle))).generation).toBe(1);
    });

    it('gives the previous token the same successor again, at once and later', async () => {
      const bundle = await client.register();
      const first = await refresh(bundle.refreshToken);
      const again = await refresh(bundle.refreshToken);
      expect(again.body).toEqual(first.body);

      await age(sessionId(bundle), '1 hour');
      target.clock.advanceSeconds(11);
      const later = await refresh(bundle.refreshToken);
      target.clock.reset();
      expect(later.status).toBe(200);
      expect(later.body.refreshToken).toBe(first.body.refreshToken);
      expect(later.body.token).not.toBe(first.body.token);
      expect((await row(sessionId(bundle))).generation).toBe(1);
    });

    it('writes nothing for a replay', async () => {
      const bundle = await client.register();
      await refresh(bundle.refreshToken);
      const before = await row(sessionId(bundle));
      await refresh(bundle.refreshToken);
      await refresh(bundle.refreshToken, other);
      expect(await row(sessionId(bundle))).toEqual(before);
    });

    it('commits a successor when it is first used', async () => {
      const bundle = await client.register();
      const second = await rotate(bundle.refreshToken, 1);
      expect((await refresh(bundle.refreshToken)).body.refreshToken).toBe(second);
      const third = await rotate(second, 1);
      expect((await refresh(second)).body.refreshToken).toBe(third);
      expect((await refresh(bundle.refreshToken)).body.code).toBe('refresh_token_reused');
    });

    it('refuses an access token', async () => {
      const { token } = await client.register();
      expect((await refresh(token)).body).toMatchObject({ status: 401, code: 'refresh_token_invalid' });
    });
  });

  describe('RFR-01 theft', () => {
    it('RFR-01 refuses an older token at once, and ends the session after 10 s', async () => {
      const bundle = await client.register();
      const sid = sessionId(bundle);
      const third = await rotate(bundle.refreshToken, 2);

      const duplicate = await refresh(bundle.refreshToken);
      expect(duplicate.body).toMatchObject({ status: 401, code: 'refresh_token_reused' });
      expect(duplicate.headers.get('www-authenticate')).toBe('Bearer');
      const { refreshToken: fourth, token } = (await refresh(third)).body;
      expect(fourth).toEqual(expect.any(String));

      await age(sid, '10 seconds');
      expect((await refresh(bundle.refreshToken)).body.code).toBe('refresh_token_reused');
      for (const through of [client, other]) {
        expect((await refresh(fourth, through)).body.code).toBe('session_revoked');
        expect((await refresh(bundle.refreshToken, through)).body.code).toBe('session_revoked');
        expect((await through.get('/api/user', { token })).body.code).toBe('session_revoked');
      }
      expect(await row(sid)).toMatchObject({ end_reason: 'token.reused' });
      expect(thefts.filter((event) => event.sid === sid)).toEqual([
        { type: 'token.reused', userId: bundle.user.id, sid, generation: 0 },
      ]);
      expect((await target.mailbox.newest(bundle.user.email, /./, 2)).text).not.toContain(fourth);
      const letters = (await target.mailbox.all(bundle.user.email)).map(({ subject }) => subject);
      expect(letters.filter((subject) => /sign|session/i.test(subject))).toHaveLength(1);
    });

    it('RFR-01 ends nothing within 10 s of the last rotation', async () => {
      const bundle = await client.register();
      const third = await rotate(bundle.refreshToken, 2);
      await age(sessionId(bundle), '8 seconds');
      expect((await refresh(bundle.refreshToken)).body.code).toBe('refresh_token_reused');
      expect((await refresh(third)).status).toBe(200);
    });

    it('RFR-01 allows no replay with REFRESH_POLICY=strict', async () => {
      const strict = await startApp({ REFRESH_POLICY: 'strict' }, target);
      const through = new Client(strict);
      const bundle = await client.register();
      const second = (await refresh(bundle.refreshToken, through)).body.refreshToken;
      expect((await refresh(bundle.refreshToken, through)).body.code).toBe('refresh_token_reused');
      const third = (await refresh(second, through)).body.refreshToken;
      expect(third).toEqual(expect.any(String));
      await age(sessionId(bundle), '10 seconds');
      expect((await refresh(second, through)).body.code).toBe('refresh_token_reused');
      expect((await refresh(third, through)).body.code).toBe('session_revoked');
      await strict.close();
    });

    it('RFR-03 leaves the other devices alone', async () => {
      const stolen = await client.register();
      const safe = (await client.login(stolen.user.email)).body;
      await rotate(stolen.refreshToken, 2);
      await age(sessionId(stolen), '10 seconds');
      await refresh(stolen.refreshToken);
      expect((await client.get('/api/user', { token: stolen.token })).body.code).toBe('session_revoked');
      expect((await client.get('/api/user', { token: safe.token })).status).toBe(200);
      expect((await refresh(safe.refreshToken)).status).toBe(200);
    });
  });

  describe('RFR-02 races', () => {
    it.each([1, 2, 3, 4, 5])('RFR-02 answers fifty at once alike, over two replicas (round %i)', async () => {
      const bundle = await client.register();
      const sid = sessionId(bundle);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => refresh(bundle.refreshToken, index % 2 ? client : other)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
      expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
      expect((await row(sid)).generation).toBe(1);
      const successor = answers[0]?.body.refreshToken;
      expect((await refresh(successor)).status).toBe(200);
    });

    it('RFR-02 in strict policy lets exactly one of fifty through', async () => {
      const strict = await startApp({ REFRESH_POLICY: 'strict' }, target);
      const through = new Client(strict);
      const bundle = await client.register();
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => refresh(bundle.refreshToken, through)),
      );
      const successes = answers.filter(({ status }) => status === 200);
      expect(successes).toHaveLength(1);
      expect(new Set(answers.filter((a) => !successes.includes(a)).map(({ body }) => body.code))).toEqual(
        new Set(['refresh_token_reused']),
      );
      expect((await refresh(successes[0]?.body.refreshToken, through)).status).toBe(200);
      await strict.close();
    });

    it('RFR-02 mails once when fifty present a stolen token at once', async () => {
      const bundle = await client.register();
      const sid = sessionId(bundle);
      await rotate(bundle.refreshToken, 2);
      await age(sid, '10 seconds');
      const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(bundle.refreshToken)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      expect(thefts.filter((event) => event.sid === sid)).toHaveLength(1);
    });
  });

  describe('forged tokens', () => {
    /** A refresh token's bytes: the session's id, its generation, and the HMAC over both. */
    const bytesOf = (token: string): Buffer => Buffer.from(token, 'base64url');

    it('RFR-15 refuses a forged HMAC without a query, and ends nothing', async () => {
      const bundle = await client.register();
      const real = bytesOf(bundle.refreshToken);
      const next = Buffer.from(real);
      next.writeUInt32BE(1, 16);
      const flipped = Buffer.from(real);
      flipped[real.length - 1] = (real.at(-1) ?? 0) ^ 1;
      const forged = [
        real.subarray(0, 20).toString('base64url'),
        Buffer.concat([real.subarray(0, 20), Buffer.alloc(32)]).toString('base64url'),
        next.toString('base64url'),
        flipped.toString('base64url'),
        bundle.refreshToken.slice(0, -1),
        `${bundle.refreshToken}A`,
        `${bundle.refreshToken}=`,
        ` ${bundle.refreshToken}`,
        bundle.refreshToken.toUpperCase(),
        '',
        'null',
        '\u{1f511}'.repeat(70),
      ];
      for (const token of forged) {
        let answer: Answer | undefined;
        const asked = await queries.of('sessions', async () => (answer = await refresh(token)));
        expect(answer?.body, token).toMatchObject({ status: 401, code: 'refresh_token_invalid' });
        expect(asked, token).toEqual([]);
      }
      const asked = await queries.of('sessions', () => refresh(bundle.refreshToken));
      expect(asked.filter(isWrite)).toHaveLength(1);
      expect((await client.get('/api/user', { token: bundle.token })).status).toBe(200);
    });

    it('RFR-11 keeps in the database nothing that yields a token', async () => {
      const bundle = await client.register();
      const { refreshToken, token } = (await refresh(bundle.refreshToken)).body;
      const dump = JSON.stringify(
        await target.database.query('SELECT s.*, s::text AS whole FROM sessions s'),
      );
      expect(dump).toContain(sessionId(bundle));
      for (const secret of [bundle.refreshToken, refreshToken, bundle.token, token]) {
        const mac = bytesOf(secret).subarray(20);
        for (const bytes of [Buffer.from(secret), mac]) {
          const hash = createHash('sha256').update(bytes).digest();
          for (const trace of [bytes, hash]) {
            expect(dump).not.toContain(trace.toString('hex'));
            expect(dump).not.toContain(trace.toString('base64url'));
            expect(dump).not.toContain(trace.toString('latin1'));
          }
        }
      }
    });

    it('RFR-12 takes it from nowhere but the body and the cookie of an own page', async () => {
      const { refreshToken, user } = await client.register();
      expect((await client.get(`/api/auth/refresh?refreshToken=${refreshToken}`)).status).toBe(404);
      const inQuery = await client.post(`/api/auth/refresh?refreshToken=${refreshToken}`);
      expect(inQuery.body).toMatchObject({ status: 400, code: 'validation_failed' });

      const own = { headers: { origin: 'http://localhost:3000' } };
      const login = { login: user.email, password: PASSWORD, transport: 'cookie' };
      const cookies = setCookies(await client.post('/api/auth/login', login, own));
      const fromElsewhere: Record<string, string>[] = [
        {},
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ];
      for (const headers of fromElsewhere) {
        const answer = await client.post('/api/auth/refresh', undefined, { headers, cookies });
        expect(answer.body, JSON.stringify(headers)).toMatchObject({ status: 403, code: 'csrf_rejected' });
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
      const answer = await client.post('/api/auth/refresh', undefined, { ...own, cookies });
      expect(answer.status).toBe(200);
      expect(answer.body).not.toHaveProperty('refreshToken');
      expect(answer.body).not.toHaveProperty('token');
      expect(setCookies(answer).refresh).not.toBe(cookies.refresh);
    });

    it('answers 400 where there is no token at all', async () => {
      for (const body of [undefined, {}, { refreshToken: 5 }, { refreshToken: ['a'] }, { refresh: 'x' }]) {
        expect((await client.post('/api/auth/refresh', body)).body, JSON.stringify(body)).toMatchObject({
          status: 400,
          code: 'validation_failed',
        });
      }
    });
  });

  describe('ends', () => {
    it('RFR-09 refreshes before every idle limit until the absolute one', async () => {
      const bundle = await client.register();
      const sid = sessionId(bundle);
      let current = bundle;
      for (const hours of [6, 6, 6, 5]) {
        await age(sid, `${hours} hours`);
        current = (await refresh(current.refreshToken)).body;
        const { exp } = decodeToken(current.token).payload;
        expect(Number(exp) * 1000).toBeLessThanOrEqual(Date.parse(current.refreshExpiresAt));
      }
      await age(sid, '30 minutes');
      current = (await refresh(current.refreshToken)).body;
      expect(current.expiresIn).toBeLessThanOrEqual(1800);
      expect(Math.abs(Date.parse(current.expiresAt) - Date.parse(current.refreshExpiresAt))).toBeLessThan(
        1000,
      );

      await age(sid, '30 minutes');
      for (const token of [current.refreshToken, bundle.refreshToken]) {
        expect((await refresh(token)).body).toMatchObject({ status: 401, code: 'refresh_token_invalid' });
      }
    });

    it('RFR-09 ends a session that was idle for too long', async () => {
      const brief = await startApp({ SESSION_IDLE_TTL: '30' }, target);
      const through = new Client(brief);
      const bundle = await through.register();
      const sid = sessionId(bundle);
      const { exp, iat } = decodeToken(bundle.token).payload as { exp: number; iat: number };
      expect(exp - iat).toBeLessThanOrEqual(1800);
      await age(sid, '29 minutes');
      const second = (await refresh(bundle.refreshToken, through)).body.refreshToken;
      await age(sid, '29 minutes');
      const third = (await refresh(second, through)).body.refreshToken;
      await age(sid, '30 minutes');
      expect((await refresh(third, through)).body.code).toBe('refresh_token_invalid');
      expect((await through.get('/api/user', { token: bundle.token })).body.code).toBe('token_expired');
      await brief.close();
    });

    it('RFR-08 refuses what was used or revoked after all replicas have restarted', async () => {
      const before = await startApp({}, target);
      const used = await client.register();
      const revoked = await client.register();
      const successor = (await refresh(used.refreshToken, new Client(before))).body.refreshToken;
      await refresh(successor, new Client(before));
      await new Client(before).post('/api/auth/logout', { refreshToken: revoked.refreshToken });
      await before.close();

      const after = await startApp({}, target);
      const through = new Client(after);
      expect((await refresh(used.refreshToken, through)).body).toMatchObject({
        status: 401,
        code: 'refresh_token_reused',
      });
      expect((await refresh(revoked.refreshToken, through)).body.code).toBe('session_revoked');
      expect((await through.get('/api/user', { token: revoked.token })).body.code).toBe('session_revoked');
      await after.close();
    });

    it('RFR-19 lets nobody choose a session: its id is made here, anew at every sign-in', async () => {
      const { user } = await client.register();
      const wished = {
        sid: '0190a000-0000-7000-8000-000000000000',
        sessionId: 'mine',
        generation: 7,
        id: '1',
      };
      const cookies = { session: 'fixed', refresh: 'fixed' };
      const origin = { headers: { origin: 'http://localhost:3000' } };
      const first = await client.login(user.email, PASSWORD, wished);
      const login = { login: user.email, password: PASSWORD, ...wished };
      const second = await client.post('/api/auth/login', login, { ...origin, cookies });
      expect([first.status, second.status]).toEqual([200, 200]);
      const ids = [sessionId(first.body), sessionId(second.body)];
      expect(new Set([...ids, wished.sid]).size).toBe(3);
      expect((await row(ids[0] ?? '')).generation).toBe(0);
    });
  });
});
