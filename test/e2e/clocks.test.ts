import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OneTimeLinks } from '../../src/links/one-time-links.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD } from '../support/client.js';
import { decodeToken } from '../support/forge.js';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const NEW_PASSWORD = 'an entirely new password';

const outcome = ({ status, body }: Answer): string => `${status} ${body?.code ?? ''}`.trim();

describe('a replica whose clock is wrong', () => {
  let target: TestApp;
  let right: TestApp;
  let client: Client;
  let elsewhere: Client;

  beforeAll(async () => {
    target = await startApp();
    right = await startApp({}, target);
    [client, elsewhere] = [new Client(target), new Client(right)];
  });
  afterAll(async () => {
    await right.close();
    await target.close();
  });
  afterEach(() => target.clock.reset());

  const refresh = (refreshToken: string, at = client): Promise<Answer> =>
    at.post('/api/auth/refresh', { refreshToken });
  const read = (token: string, at = client): Promise<Answer> => at.get('/api/user', { token });

  /** The secret of a reset link, as its letter would bring it. */
  async function forgotten({ id, email }: { id: string; email: string }): Promise<string> {
    const links = target.app.get(OneTimeLinks);
    const { link } = await links.issue('reset-password', { id, address: email }, target.database.manager);
    return String(link.searchParams.get('token'));
  }

  const reset = (token: string, at = client): Promise<Answer> =>
    at.post('/api/auth/password/reset', { token, password: NEW_PASSWORD });

  it.each([HOUR + 90, DAY, 400 * DAY])(
    'RES-13: locks nobody out for longer than it is fast (%i s)',
    async (seconds) => {
      const { user, token, refreshToken } = await client.register();
      const link = await forgotten(user);
      target.clock.advanceSeconds(seconds);
      target.forget();
      expect(outcome(await read(token))).toBe('401 token_expired');
      expect(outcome(await read(token, elsewhere))).toBe('200');
      // What seems over to it is not: it cannot serve, and signs nobody out.
      const expected = seconds < DAY ? '200' : '503 unavailable';
      const [meanwhile, login] = [await refresh(refreshToken), await client.login(user.email)];
      expect([meanwhile, login].map(outcome)).toEqual([expected, expected]);
      target.clock.reset();
      expect(outcome(await read(token))).toBe('200');
      const secrets = [refreshToken, meanwhile.body.refreshToken, login.body.refreshToken] as (
        string | undefined
      )[];
      for (const secret of secrets.filter((one) => one !== undefined)) {
        for (const at of [elsewhere, client]) {
          const again = await refresh(secret, at);
          expect(outcome(again)).toBe('200');
          expect(outcome(await read(again.body.token, at))).toBe('200');
        }
      }
      expect(outcome(await reset(link))).toBe('204');
    },
  );

  it.each([-HOUR, -DAY])('RES-14: revives nothing that was used or is over (%i s)', async (seconds) => {
    const { user, token, refreshToken } = await client.register();
    const used = await forgotten(user);
    expect(outcome(await reset(used))).toBe('204');
    const late = await forgotten((await client.register()).user);
    await target.database.query(
      "UPDATE one_time_links SET expires_at = now() - interval '1 s' WHERE purpose = 'reset-password'",
    );
    const idle = await client.register();
    await target.database.query(
      "UPDATE sessions SET idle_expires_at = now() - interval '1 s' WHERE user_id = $1",
      [idle.user.id],
    );
    target.clock.advanceSeconds(seconds);
    target.forget();
    for (const link of [used, late]) expect(outcome(await reset(link))).toBe('422 link_invalid');
    expect(outcome(await refresh(refreshToken))).toBe('401 session_revoked');
    // To a clock that is slow, our tokens are of the future.
    expect(outcome(await read(token))).toMatch(/^401 (?:token_invalid|session_revoked)$/);
    expect(outcome(await refresh(idle.refreshToken))).toBe('401 refresh_token_invalid');
    expect(outcome(await read(idle.token))).toMatch(/^401 (?:token_invalid|session_revoked)$/);
  });

  it.each([-HOUR, -DAY])('RES-14: locks nobody out once it is right again (%i s)', async (seconds) => {
    const { user, token, refreshToken } = await client.register();
    target.clock.advanceSeconds(seconds);
    const login = await client.login(user.email);
    expect(outcome(login)).toBe('200');
    expect(outcome(await read(login.body.token))).toBe('200');
    const rotated = await refresh(refreshToken);
    expect(outcome(rotated)).toBe('200');
    target.clock.reset();
    expect(outcome(await read(token))).toBe('200');
    for (const { body } of [login, rotated]) {
      const again = await refresh(body.refreshToken, elsewhere);
      expect(outcome(await read(again.body.token))).toBe('200');
    }
  });

  it.each([45, -45])('RES-15: is believed, and believes, within the leeway (%i s)', async (seconds) => {
    target.clock.advanceSeconds(seconds);
    const people = [await client.register(), await elsewhere.register()];
    for (const { token, refreshToken } of people) {
      for (const at of [client, elsewhere]) expect(outcome(await read(token, at))).toBe('200');
      // Nobody is sent back and forth: each answer is good at both, and for about as long as it says.
      let secret: string = refreshToken;
      for (const at of [client, elsewhere, client, elsewhere]) {
        const { status, body } = await refresh(secret, at);
        expect(status).toBe(200);
        for (const other of [client, elsewhere]) expect(outcome(await read(body.token, other))).toBe('200');
        expect(body.expiresIn).toBe(HOUR);
        secret = body.refreshToken;
      }
      const sid = decodeToken(token).payload.sid;
      const sql = 'SELECT generation FROM sessions WHERE id = $1';
      const [first] = await target.database.query<{ generation: number }[]>(sql, [sid]);
      expect(first?.generation).toBe(4);
    }
  });

  it('is not told apart by what it answers to a wrong password', async () => {
    const { user } = await client.register();
    target.clock.advanceSeconds(DAY);
    expect(outcome(await client.login(user.email, 'wrong horse'))).toBe('401 invalid_credentials');
    target.clock.reset();
    expect(outcome(await client.login(user.email, PASSWORD))).toBe('200');
  });
});
