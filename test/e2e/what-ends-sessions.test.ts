import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthService } from '../../src/auth/auth.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, setCookies, someEmail } from '../support/client.js';
import { decodeToken } from '../support/forge.js';

/** What a person holds on one device. */
type Bundle = Answer['body'];

interface Devices {
  email: string;
  userId: string;
  /** The device from which something is done, and one more. */
  mine: Bundle;
  other: Bundle;
  verifyToken: string;
}

const NEW_PASSWORD = 'battery horse correct';

describe('what ends sessions', () => {
  let target: TestApp;
  let replica: TestApp;
  let client: Client;
  let elsewhere: Client;

  beforeAll(async () => {
    target = await startApp();
    replica = await startApp({}, target);
    client = new Client(target);
    elsewhere = new Client(replica);
  });
  afterAll(async () => {
    await replica.close();
    await target.close();
  });

  const sid = ({ token }: Bundle): string => String(decodeToken(token).payload.sid);
  const sql = (text: string, values: unknown[]): Promise<unknown> => target.database.query(text, values);

  async function twoDevices(): Promise<Devices> {
    const mine = await client.register();
    const { email, id: userId } = mine.user;
    const verifyToken = (await target.mailbox.newest(email)).token;
    return { email, userId, mine, other: (await client.login(email)).body, verifyToken };
  }

  /** Both tokens of a session are refused on both replicas, with the same code. */
  async function expectEnded(
    { token, refreshToken }: Bundle,
    access: string,
    refresh: string,
  ): Promise<void> {
    for (const through of [client, elsewhere]) {
      const session = await through.get('/api/auth/session', { token });
      expect(session.body).toMatchObject({ status: 401, code: access });
      expect(session.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      const refreshed = await through.post('/api/auth/refresh', { refreshToken });
      expect(refreshed.body).toMatchObject({ status: 401, code: refresh });
      expect(refreshed.headers.get('www-authenticate')).toBe('Bearer');
    }
  }

  const expectRevoked = (bundle: Bundle): Promise<void> =>
    expectEnded(bundle, 'session_revoked', 'session_revoked');

  async function expectAlive({ token, refreshToken }: Bundle): Promise<void> {
    for (const through of [client, elsewhere]) {
      expect((await through.get('/api/auth/session', { token })).status).toBe(200);
      expect((await through.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
    }
  }

  const ok = async (request: Promise<Answer>, status = 204): Promise<Answer> => {
    const answer = await request;
    expect(answer.status, JSON.stringify(answer.body)).toBe(status);
    return answer;
  };

  async function forgotten(email: string): Promise<string> {
    await ok(client.post('/api/auth/password/forgot', { email }), 202);
    return (await target.mailbox.newest(email, /password/i)).token;
  }

  async function changeEmail({ mine, email }: Devices): Promise<{ to: string; undo: string }> {
    const to = someEmail('new');
    await ok(client.post('/api/user/email', { email: to, password: PASSWORD }, { token: mine.token }), 202);
    const proof = await target.mailbox.newest(to);
    const undo = (await target.mailbox.newest(email, /./, 2)).token;
    await ok(client.post('/api/auth/email/verify', { token: proof.token }));
    return { to, undo };
  }

  async function withCookies(email: string): Promise<Record<string, string>> {
    const body = { login: email, password: PASSWORD, transport: 'cookie' };
    return setCookies(await client.post('/api/auth/login', body, OWN_PAGE));
  }
  const OWN_PAGE = { headers: { origin: 'http://localhost:3000' } };

  describe('BT-12, RFR-17, JWT-41 ended everywhere, on each replica', () => {
    /** What is done from `mine`, and which of the two sessions ends with it. */
    const cases: [string, ('mine' | 'other')[], (devices: Devices) => Promise<unknown>][] = [
      [
        'logout',
        ['mine'],
        ({ mine }) => ok(client.post('/api/auth/logout', undefined, { token: mine.token })),
      ],
      [
        'logout with the refresh token alone (RFR-05)',
        ['mine'],
        ({ mine }) => ok(client.post('/api/auth/logout', { refreshToken: mine.refreshToken })),
      ],
      [
        'logout with the predecessor of the refresh token',
        ['mine'],
        async ({ mine }) => {
          await ok(client.post('/api/auth/refresh', { refreshToken: mine.refreshToken }), 200);
          await ok(client.post('/api/auth/logout', { refreshToken: mine.refreshToken }));
        },
      ],
      [
        'DELETE of the current session',
        ['mine'],
        ({ mine }) => ok(client.delete(`/api/user/sessions/${sid(mine)}`, undefined, { token: mine.token })),
      ],
      [
        'DELETE of another session',
        ['other'],
        ({ mine, other }) =>
          ok(client.delete(`/api/user/sessions/${sid(other)}`, undefined, { token: mine.token })),
      ],
      [
        'DELETE of all other sessions',
        ['other'],
        ({ mine }) => ok(client.delete('/api/user/sessions', undefined, { token: mine.token })),
      ],
      [
        'a changed password (RFR-06)',
        ['other'],
        ({ mine: { token } }) => {
          const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
          return ok(client.post('/api/user/password', body, { token }));
        },
      ],
      [
        'a reset password (RFR-06)',
        ['mine', 'other'],
        async ({ email }) => {
          const token = await forgotten(email);
          await ok(client.post('/api/auth/password/reset', { token, password: NEW_PASSWORD }));
        },
      ],
      [
        'an address taken back (AC-03)',
        ['mine', 'other'],
        async (devices) => {
          const { undo } = await changeEmail(devices);
          await ok(client.post('/api/auth/email/undo', { token: undo }));
        },
      ],
      ['a ban (RFR-07)', ['mine', 'other'], ({ userId }) => target.app.get(UsersService).ban(userId)],
      [
        'deleting the account (AC-04, AUTHZ-13, RFR-07)',
        ['mine', 'other'],
        ({ mine: { token } }) => ok(client.delete('/api/user', { password: PASSWORD }, { token })),
      ],
      [
        'a stolen refresh token',
        ['mine'],
        async ({ mine }) => {
          let { refreshToken } = mine;
          for (let turn = 0; turn < 2; turn += 1) {
            refreshToken = (await client.post('/api/auth/refresh', { refreshToken })).body.refreshToken;
          }
          await sql("UPDATE sessions SET rotated_at = now() - interval '10 s' WHERE id = $1", [sid(mine)]);
          await ok(client.post('/api/auth/refresh', { refreshToken: mine.refreshToken }), 401);
        },
      ],
    ];

    it.each(cases)('%s ends %j', async (_name, ended, act) => {
      const devices = await twoDevices();
      await act(devices);
      for (const device of ['mine', 'other'] as const) {
        if (ended.includes(device)) await expectRevoked(devices[device]);
        else await expectAlive(devices[device]);
      }
    });

    it('logout by cookies ends the session of either cookie (RFR-05)', async () => {
      for (const kept of ['session', 'refresh']) {
        const { user } = await client.register();
        const { [kept]: value = '', ...others } = await withCookies(user.email);
        const bundle = { token: others.session ?? value, refreshToken: others.refresh ?? value };
        await ok(client.post('/api/auth/logout', undefined, { ...OWN_PAGE, cookies: { [kept]: value } }));
        await expectRevoked(bundle);
      }
    });

    it('the absolute end', async () => {
      const { mine, other } = await twoDevices();
      await sql('UPDATE sessions SET expires_at = now(), idle_expires_at = now() WHERE id = $1', [sid(mine)]);
      await expectEnded(mine, 'token_expired', 'refresh_token_invalid');
      await expectAlive(other);
    });

    it('the idle end', async () => {
      const { mine, other } = await twoDevices();
      await sql('UPDATE sessions SET idle_expires_at = now() WHERE id = $1', [sid(mine)]);
      await expectEnded(mine, 'token_expired', 'refresh_token_invalid');
      await expectAlive(other);
    });

    it('a further sign-in with BLOCK_CONCURRENT_SESSIONS (SS-11)', async () => {
      const blocking = await startApp({ BLOCK_CONCURRENT_SESSIONS: 'true' }, target);
      const { mine, other, email } = await twoDevices();
      const through = new Client(blocking);
      expect((await through.login(email, 'wrong horse battery')).status).toBe(401);
      await expectAlive(mine);
      const third = await ok(through.login(email), 200);
      await expectRevoked(mine);
      await expectRevoked(other);
      await expectAlive(third.body);
      await blocking.close();
    });

    it('RFR-07 hard deletion, and the address registered anew revives nothing', async () => {
      const hard = await startApp({ SOFT_DELETE: 'false' }, target);
      const { mine, other, email, userId } = await twoDevices();
      await ok(new Client(hard).delete('/api/user', { password: PASSWORD }, { token: mine.token }));
      expect(await sql('SELECT id FROM users WHERE id = $1', [userId])).toEqual([]);
      const again = await client.register({ email });
      expect(again.user.id).not.toBe(userId);
      await expectRevoked(mine);
      await expectRevoked(other);
      await expectAlive(again);
      await hard.close();
    });

    it('RFR-07 soft deletion keeps the address reserved and lets nobody in', async () => {
      const { mine, email } = await twoDevices();
      await ok(client.delete('/api/user', { password: PASSWORD }, { token: mine.token }));
      expect((await client.login(email)).body.code).toBe('invalid_credentials');
      const again = await client.post('/api/auth/register', { email, password: PASSWORD });
      expect(again.body).toMatchObject({ status: 409, code: 'email_taken' });
      await expectRevoked(mine);
    });
  });

  describe('BT-13 what ends nothing', () => {
    const cases: [string, (devices: Devices) => Promise<unknown>][] = [
      [
        'new names',
        ({ mine: { token } }) =>
          ok(client.patch('/api/user', { firstName: 'Grace', lastName: 'Hopper' }, { token }), 200),
      ],
      [
        'a new username',
        ({ mine: { token }, userId }) =>
          ok(client.patch('/api/user', { username: `u${userId.slice(-12)}` }, { token }), 200),
      ],
      ['a proven address', ({ verifyToken: token }) => ok(client.post('/api/auth/email/verify', { token }))],
      ['a new address (RFR-06)', changeEmailOnly],
      [
        'a change of address called off',
        async ({ mine: { token } }) => {
          const body = { email: someEmail(), password: PASSWORD };
          await ok(client.post('/api/user/email', body, { token }), 202);
          await ok(client.delete('/api/user/email', undefined, { token }));
        },
      ],
      ['asking for a reset', ({ email }) => forgotten(email)],
      [
        'a reset that breaks the rules',
        async ({ email }) => {
          const token = await forgotten(email);
          await ok(client.post('/api/auth/password/reset', { token, password: 'short' }), 422);
        },
      ],
      [
        'a wrong current password',
        ({ mine: { token } }) =>
          ok(
            client.post(
              '/api/user/password',
              { currentPassword: 'wrong', newPassword: NEW_PASSWORD },
              { token },
            ),
            422,
          ),
      ],
      [
        'confirming the password',
        ({ mine: { token } }) =>
          ok(client.post('/api/user/confirm-password', { password: PASSWORD }, { token }), 200),
      ],
      ['a further sign-in', ({ email }) => ok(client.login(email), 200)],
      ['a failed sign-in', ({ email }) => ok(client.login(email, 'wrong horse battery'), 401)],
      [
        "somebody else's logout",
        async () => {
          const { token } = await client.register();
          await ok(client.post('/api/auth/logout', undefined, { token }));
        },
      ],
      [
        'a forged refresh token',
        ({ mine }) =>
          ok(client.post('/api/auth/refresh', { refreshToken: `${mine.refreshToken.slice(0, -1)}_` }), 401),
      ],
    ];

    async function changeEmailOnly(devices: Devices): Promise<void> {
      const { to } = await changeEmail(devices);
      expect((await client.get('/api/user', { token: devices.mine.token })).body.email).toBe(to);
    }

    it.each(cases)('%s', async (_name, act) => {
      const devices = await twoDevices();
      await act(devices);
      await expectAlive(devices.mine);
      await expectAlive(devices.other);
    });

    it('a restart with a further key, which signs from then on', async () => {
      const [older, newer] = [randomBytes(48).toString('base64'), randomBytes(48).toString('base64')];
      const before = await startApp({ BEARER_TOKEN_KEY: older }, target);
      const bundle = await new Client(before).register();
      await before.close();
      const after = await startApp({ BEARER_TOKEN_KEY: `${newer}\n${older}` }, target);
      const through = new Client(after);
      expect((await through.get('/api/auth/session', { token: bundle.token })).status).toBe(200);
      const { refreshToken } = bundle;
      const refreshed = await ok(through.post('/api/auth/refresh', { refreshToken }), 200);
      expect(decodeToken(refreshed.body.token).header.kid).not.toBe(decodeToken(bundle.token).header.kid);
      await after.close();
    });

    it('lifting a ban revives no session that it ended', async () => {
      const { mine, other, email, userId } = await twoDevices();
      const users = target.app.get(UsersService);
      await users.ban(userId, 'spam');
      await users.unban(userId);
      await expectRevoked(mine);
      await expectRevoked(other);
      await expectAlive((await ok(client.login(email), 200)).body);
    });
  });

  describe('AUTHZ-08 banned and deleted people', () => {
    const ROUTES: [string, string, unknown?][] = [
      ['GET', '/api/auth/session'],
      ['GET', '/api/user'],
      ['PATCH', '/api/user', { firstName: 'Eve' }],
      ['GET', '/api/user/sessions'],
      ['DELETE', '/api/user/sessions'],
      ['POST', '/api/user/password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }],
      ['POST', '/api/user/confirm-password', { password: PASSWORD }],
      ['POST', '/api/user/email', { email: 'eve@example.com', password: PASSWORD }],
      ['POST', '/api/user/email/verification', {}],
      ['DELETE', '/api/user', { password: PASSWORD }],
    ];

    it.each(['ban', 'delete'] as const)(
      'AUTHZ-08 %s: every class of route refuses older tokens',
      async (what) => {
        const { mine, other, email, userId } = await twoDevices();
        await target.app.get(UsersService)[what](userId);
        for (const [method, path, body] of ROUTES) {
          const answer = await elsewhere.request(method, path, { token: mine.token, body });
          expect(answer.body, `${method} ${path}`).toMatchObject({ status: 401, code: 'session_revoked' });
        }
        expect((await client.get('/api/token', { token: other.token })).body).toBeNull();
        expect((await client.post('/api/auth/logout', undefined, { token: mine.token })).status).toBe(204);
        const code = what === 'ban' ? 'user_banned' : 'invalid_credentials';
        expect((await client.login(email)).body.code).toBe(code);
        expect((await client.login(email, 'wrong horse battery')).body.code).toBe('invalid_credentials');
      },
    );

    it('AUTHZ-08 a row that says banned or deleted is enough, whoever wrote it', async () => {
      for (const column of ['banned_at', 'deleted_at']) {
        const { mine, userId } = await twoDevices();
        await sql(`UPDATE users SET ${column} = now() WHERE id = $1`, [userId]);
        await expectRevoked(mine);
      }
    });

    it('BT-01 in code, too, no token for them', async () => {
      const auth = replica.app.get(AuthService);
      for (const what of ['ban', 'delete'] as const) {
        const { userId, mine } = await twoDevices();
        const token = await auth.getBearerToken({ id: userId });
        expect(await auth.checkBearerToken(token)).toMatchObject({ id: userId });
        await target.app.get(UsersService)[what](userId);
        await expect.poll(() => auth.checkBearerToken(token), { timeout: 1_000 }).toBe(false);
        expect(await auth.checkBearerToken(mine.token)).toBe(false);
        expect(await auth.getBearerToken({ id: userId })).toBeNull();
      }
    });
  });

  describe('AC-04 deleting the account', () => {
    it('AC-04 needs the right password, or a fresh sign-in', async () => {
      const { mine, userId } = await twoDevices();
      const { token } = mine;
      expect((await client.delete('/api/user', { password: 'wrong' }, { token })).body).toMatchObject({
        status: 422,
        code: 'password_incorrect',
      });
      await sql("UPDATE sessions SET authenticated_at = now() - interval '16 min' WHERE id = $1", [
        sid(mine),
      ]);
      await target.catchUp();
      for (const body of [undefined, {}]) {
        expect((await client.delete('/api/user', body, { token })).body).toMatchObject({
          status: 403,
          code: 'step_up_required',
        });
      }
      for (const password of [null, '', 5, ['a']]) {
        expect((await client.delete('/api/user', { password }, { token })).status).not.toBe(204);
      }
      await expectAlive(mine);
      await ok(client.post('/api/user/confirm-password', { password: PASSWORD }, { token }), 200);
      await ok(client.delete('/api/user', undefined, { token }));
      expect(await sql('SELECT deleted_at IS NOT NULL AS gone FROM users WHERE id = $1', [userId])).toEqual([
        { gone: true },
      ]);
    });

    it('AC-04 works late with the password, and clears the cookies', async () => {
      const { user } = await client.register();
      const cookies = await withCookies(user.email);
      await sql("UPDATE sessions SET authenticated_at = now() - interval '16 min' WHERE user_id = $1", [
        user.id,
      ]);
      const answer = await client.delete('/api/user', { password: PASSWORD }, { ...OWN_PAGE, cookies });
      expect(answer.status).toBe(204);
      expect(setCookies(answer)).toEqual({ session: '', refresh: '' });
    });
  });
});
