import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD, someEmail } from '../support/client.js';

describe('signing in and out', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
  });
  afterAll(() => target.close());

  it('walks from registering to signing out', async () => {
    const email = someEmail();
    const registered = await client.post('/api/auth/register', {
      email,
      password: PASSWORD,
      firstName: 'Ada',
    });
    expect(registered.body).toMatchObject({
      tokenType: 'Bearer',
      expiresIn: 3600,
      user: { email, firstName: 'Ada' },
    });
    expect(registered.status).toBe(201);

    const signedIn = await client.login(email.toUpperCase());
    expect(signedIn.status).toBe(200);
    const { token, refreshToken } = signedIn.body;

    const session = await client.get('/api/auth/session', { token });
    expect(session.status).toBe(200);
    expect(session.body.user.email).toBe(email);

    const refreshed = await client.post('/api/auth/refresh', { refreshToken });
    expect(refreshed.status).toBe(200);
    expect(refreshed.body.refreshToken).not.toBe(refreshToken);

    expect((await client.post('/api/auth/logout', undefined, { token })).status).toBe(204);
    const after = await client.get('/api/auth/session', { token: refreshed.body.token });
    expect(after.body).toMatchObject({ status: 401, code: 'session_revoked' });
    expect((await client.get('/api/user')).body.code).toBe('token_missing');
  });

  it('mails the verification link', async () => {
    const { user, token } = await client.register();
    const mail = await target.mailbox.newest(user.email);
    expect((await client.post('/api/auth/email/verify', { token: mail.token })).status).toBe(204);
    expect((await client.get('/api/user', { token })).body.emailVerified).toBe(true);
    expect((await client.post('/api/auth/email/verify', { token: mail.token })).body.code).toBe(
      'link_invalid',
    );
  });
});
