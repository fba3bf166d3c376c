import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessDenied } from '../../src/guard/guard.errors.js';
import { SignInService } from '../../src/auth/sign-in.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client } from '../support/client.js';
import { eventRows } from '../support/event-rows.js';
import { registerVerified } from '../support/people.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';

const LEGACY_PASSWORD = 'the legacy password';

describe('hooks of a host application', () => {
  const refused = new Set<string | undefined>();
  let target: TestApp;
  let client: Client;
  const opened: unknown[] = [];

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    const users = target.app.get(UsersService);
    target.app.get(SignInService).onOpening(async (opening) => {
      const { login = '', password, passkey } = opening.credentials;
      opened.push(passkey ? [opening.user?.id, password] : login);
      if (login.startsWith('refused') || refused.has(opening.user?.id)) throw new AccessDenied();
      // Somebody whom a passkey has proven stays who they are.
      if (passkey) opening.user = { id: 'nobody' };
      if (password === LEGACY_PASSWORD) opening.user = (await users.findByLogin(login)) ?? { id: 'nobody' };
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

  it('SS-15: session.opening is asked of a passkey, too, once it is known whose it is', async () => {
    const { id, token } = await registerVerified(target);
    const device = new SoftwareAuthenticator({ origin: 'http://localhost:3000' });
    const created = await client.post('/api/user/passkeys/options', undefined, { token });
    const made = await client.post(
      '/api/user/passkeys',
      { passkey: device.create(created.body.options) },
      { token },
    );
    expect(made.status).toBe(201);
    const signIn = async (): Promise<Answer> => {
      const { body } = await client.post('/api/auth/passkeys/options');
      return client.post('/api/auth/passkeys/login', { passkey: device.get(body.options) });
    };
    opened.length = 0;
    expect((await signIn()).body.user.id).toBe(id);
    refused.add(id);
    const answer = await signIn();
    expect([answer.status, answer.body.code]).toEqual([403, 'access_denied']);
    expect(opened).toEqual([
      [id, undefined],
      [id, undefined],
    ]);
    const told = (await eventRows(target.database, id)).at(-1);
    expect([told?.type, told?.data]).toEqual([
      'session.refused',
      expect.objectContaining({ reason: 'access_denied' }),
    ]);
  });
});
