import { encode as encodeAuthjs } from '@auth/core/jwt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { enrol } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { beginSignIn } from '../support/people.js';
import { basic, ServiceCaller } from '../support/service-caller.js';

const AUTHJS_SECRET = 'a secret of Auth.js 0123456789 abcdefgh';
const AUTHJS_COOKIE = 'authjs.session-token';
const NEW_PASSWORD = 'another horse battery';
const OURS = { origin: 'http://localhost:3000' };

type Place = (secret: string) => Promise<Answer>;

describe('JWT-36: a secret opens its own place, and no other', () => {
  let target: TestApp;
  let client: Client;
  let places: Record<string, Place>;

  beforeAll(async () => {
    target = await startApp({ AUTHJS_SECRET });
    client = new Client(target);
    places = {
      'bearer header': (secret) => client.get('/api/user', { token: secret }),
      'session cookie': (secret) => client.get('/api/user', { cookies: { session: secret } }),
      'session route': (secret) => client.get('/api/auth/session', { token: secret }),
      'refresh body': (secret) => client.post('/api/auth/refresh', { refreshToken: secret }),
      'refresh cookie': (secret) =>
        client.post('/api/auth/refresh', undefined, { cookies: { refresh: secret }, headers: OURS }),
      'reset link': (secret) =>
        client.post('/api/auth/password/reset', { token: secret, password: NEW_PASSWORD }),
      'verify link': (secret) => client.post('/api/auth/email/verify', { token: secret }),
      'undo link': (secret) => client.post('/api/auth/email/undo', { token: secret }),
      challenge: (secret) => client.post('/api/auth/challenge', { id: secret, code: '000000' }),
    };
  });
  afterAll(() => target.close());

  const REFUSALS: Record<string, string[]> = {
    'bearer header': ['token_invalid'],
    'session cookie': ['token_invalid'],
    'session route': ['token_invalid'],
    'refresh body': ['refresh_token_invalid'],
    'refresh cookie': ['refresh_token_invalid'],
    'reset link': ['link_invalid'],
    'verify link': ['link_invalid'],
    'undo link': ['link_invalid'],
    challenge: ['challenge_invalid', 'validation_failed'],
  };

  /** Tries a secret everywhere but where it belongs, and then there: the tries have not spent it. */
  async function expectOnlyAt(own: string[], secret: string, statusAtHome: number): Promise<void> {
    for (const [name, place] of Object.entries(places)) {
      if (own.includes(name)) continue;
      const { body, headers } = await place(secret);
      expect([name, REFUSALS[name]?.includes(body?.code as string)]).toEqual([name, true]);
      expect(headers.getSetCookie()).toEqual([]);
    }
    const outsider = await client.get('/api/token', { token: secret });
    if (!own.includes('bearer header')) expect(outsider.body).toBeNull();
    for (const name of own)
      expect([name, (await places[name]?.(secret))?.status]).toEqual([name, statusAtHome]);
  }

  it('an access token', async () => {
    const { token } = await client.register();
    await expectOnlyAt(['bearer header', 'session cookie', 'session route'], token, 200);
  });

  it('a refresh token', async () => {
    const { refreshToken } = await client.register();
    await expectOnlyAt(['refresh body', 'refresh cookie'], refreshToken, 200);
  });

  it('a reset link', async () => {
    const { user } = await client.register();
    await client.post('/api/auth/password/forgot', { email: user.email });
    const { token } = await target.mailbox.newest(user.email, /password/i);
    await expectOnlyAt(['reset link'], token, 204);
    expect((await client.login(user.email, NEW_PASSWORD)).status).toBe(200);
  });

  it('a verification link', async () => {
    const { user } = await client.register();
    await expectOnlyAt(['verify link'], (await target.mailbox.newest(user.email)).token, 204);
  });

  it('the two links of a changing address', async () => {
    const { user, token } = await client.register();
    await target.mailbox.newest(user.email);
    const email = someEmail('next');
    expect((await client.post('/api/user/email', { email, password: PASSWORD }, { token })).status).toBe(202);
    const proof = await target.mailbox.newest(email);
    const undo = await target.mailbox.newest(user.email, /./, 2);
    expect(undo.token).not.toBe(proof.token);
    await expectOnlyAt(['verify link'], proof.token, 204);
    expect((await client.get('/api/user', { token })).body.email).toBe(email);
    await expectOnlyAt(['undo link'], undo.token, 204);
    expect((await client.login(user.email)).status).toBe(200);
  });

  it('a challenge, and a recovery code', async () => {
    const { email, recoveryCodes } = await enrol(target);
    const id = await beginSignIn(target, email);
    const [recoveryCode = ''] = recoveryCodes;
    for (const secret of [id, recoveryCode]) await expectOnlyAt(['challenge'], secret, 422);
    expect((await client.post('/api/auth/challenge', { id: recoveryCode, recoveryCode: id })).status).toBe(
      422,
    );
    expect((await client.login(email, recoveryCode)).body.code).toBe('invalid_credentials');
    // The tries have spent neither of them, but for one of the five answers.
    expect((await client.post('/api/auth/challenge', { id, recoveryCode })).status).toBe(200);
  });

  it('the credentials of a service client', async () => {
    const service = await ServiceCaller.create(target, 'tokens:introspect', 'revocations:read');
    const { token, refreshToken } = await client.register();
    await expectOnlyAt([], service.secret, 0);
    const asPerson = await client.get('/api/user', { headers: { authorization: service.authorization } });
    expect(asPerson.body.code).toBe('token_invalid');
    for (const secret of [token, refreshToken] as string[]) {
      for (const authorization of [`Bearer ${secret}`, basic(service.id, secret)]) {
        const refused = await client.get('/api/revocations', { headers: { authorization } });
        expect([refused.status, refused.body.code]).toEqual([401, 'invalid_client']);
      }
    }
    expect((await service.introspect(service.secret)).body).toEqual({ active: false });
    expect((await service.introspect(token)).body.active).toBe(true);
  });

  it('an Auth.js token: nothing accepts it but GET /api/token', async () => {
    const person = { sub: '42', email: 'grace@example.com' };
    const token = await encodeAuthjs({ token: person, secret: AUTHJS_SECRET, salt: AUTHJS_COOKIE });
    for (const [name, place] of Object.entries(places)) {
      expect([name, REFUSALS[name]?.includes((await place(token)).body?.code as string)]).toEqual([
        name,
        true,
      ]);
    }
    expect((await client.get('/api/token', { cookies: { [AUTHJS_COOKIE]: token } })).body).toMatchObject(
      person,
    );
  });

  it('the name of a session, and other ids, open nothing', async () => {
    const { token, user } = await client.register();
    const [{ id: sid }] = (await client.get('/api/user/sessions', { token })).body;
    for (const id of [sid, user.id] as string[]) {
      for (const [name, place] of Object.entries(places)) {
        expect([name, REFUSALS[name]?.includes((await place(id)).body?.code as string)]).toEqual([
          name,
          true,
        ]);
      }
    }
  });

  it('signing out with a link or a foreign token ends nothing', async () => {
    const { user, token } = await client.register();
    const { token: link } = await target.mailbox.newest(user.email);
    for (const secret of [link, user.id]) {
      expect(
        (await client.post('/api/auth/logout', { refreshToken: secret }, { token: secret })).status,
      ).toBe(204);
    }
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });
});
