import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccountService } from '../../src/account/account.service.js';
import { AccessDenied } from '../../src/guard/guard.errors.js';
import { SignInService } from '../../src/auth/sign-in.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD } from '../support/client.js';

const LEGACY_PASSWORD = 'the legacy password';

describe('hooks of a host application', () => {
  let target: TestApp;
  let client: Client;
  const opened: string[] = [];

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    const users = target.app.get(UsersService);
    target.app.get(SignInService).onOpening(async (opening) => {
      const { login, password } = opening.credentials;
      opened.push(login);
      if (login.startsWith('refused')) throw new AccessDenied();
      if (password === LEGACY_PASSWORD) opening.user = (await users.findByLogin(login)) ?? { id: 'nobody' };
    });
    target.app.get(AccountService).onUpdating(({ user, profile }) => {
      if (profile.lastName === 'Nobody') throw new AccessDenied();
      Object.assign(profile, {
        email: 'taken@example.com',
        firstName: `${user.id.slice(0, 4)} ${profile.firstName}`,
      });
    });
  });
  afterAll(() => target.close());

  it('SS-15: session.opening is asked once, passes and refuses', async () => {
    const { user } = await client.register();
    opened.length = 0;
    expect((await client.login(user.email)).status).toBe(200);
    expect((await client.login(user.email, 'wrong password')).body.code).toBe('invalid_credentials');
    expect((await client.login('refused@example.com')).body.code).toBe('access_denied');
    expect(opened).toEqual([user.email, user.email, 'refused@example.com']);
  });

  it('SS-15: session.opening supplies the user, whose ban still holds', async () => {
    const { user } = await client.register();
    const { status, body } = await client.login(user.email, LEGACY_PASSWORD);
    expect([status, body.user.id]).toEqual([200, user.id]);
    expect((await client.login('unknown@example.com', LEGACY_PASSWORD)).body.code).toBe(
      'invalid_credentials',
    );
    await target.app.get(UsersService).ban(user.id);
    expect((await client.login(user.email, LEGACY_PASSWORD)).body.code).toBe('user_banned');
  });

  it('AC-01: user.updating changes what is allowed, refuses, and reaches nothing else', async () => {
    const { user, token } = await client.register({ password: PASSWORD });
    const changed = await client.patch('/api/user', { firstName: 'Ada' }, { token });
    expect(changed.body).toMatchObject({ firstName: `${user.id.slice(0, 4)} Ada`, email: user.email });
    const refused = await client.patch('/api/user', { firstName: 'Eve', lastName: 'Nobody' }, { token });
    expect(refused.body.code).toBe('access_denied');
    expect((await client.get('/api/user', { token })).body.firstName).toBe(`${user.id.slice(0, 4)} Ada`);
  });
});
