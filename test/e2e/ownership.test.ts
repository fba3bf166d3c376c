import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD } from '../support/client.js';

describe('what people see of themselves and of others', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
  });
  afterAll(() => target.close());

  it('AUTHZ-03, AUTHZ-04: the session of somebody else cannot be read or ended', async () => {
    const [ada, bob] = [await client.register(), await client.register()];
    const [{ id }] = (await client.get('/api/user/sessions', { token: bob.token })).body;
    const list = (await client.get('/api/user/sessions', { token: ada.token })).body as { id: string }[];
    expect(list.map((one) => one.id)).not.toContain(id);
    for (const other of [id, '019b7700-0000-7000-8000-000000000001', 'x', "' OR 1=1--", '%00']) {
      const answer = await client.delete(`/api/user/sessions/${encodeURIComponent(other)}`, undefined, {
        token: ada.token,
      });
      expect([other, answer.status, answer.body.code]).toEqual([other, 404, 'not_found']);
    }
    expect((await client.get(`/api/user/sessions/${id}`, { token: ada.token })).status).toBe(404);
    expect((await client.get('/api/user', { token: bob.token })).status).toBe(200);
  });

  it('AUTHZ-06: every answer about a person has the listed fields and no other', async () => {
    const bundle = await client.register();
    const user = [
      'id', 'email', 'pendingEmail', 'username', 'firstName', 'lastName', 'name', 'emailVerified', 'avatarUrl',
      'roles', 'permissions', 'createdAt', 'updatedAt', 'lastSeenAt',
    ].sort(); // prettier-ignore
    const session = await client.get('/api/auth/session', { token: bundle.token });
    const people = [
      bundle.user,
      (await client.get('/api/user', { token: bundle.token })).body,
      (await client.patch('/api/user', { firstName: 'Ada' }, { token: bundle.token })).body,
      session.body.user,
      (await client.login(bundle.user.email)).body.user,
      (await client.post('/api/auth/refresh', { refreshToken: bundle.refreshToken })).body.user,
      (await client.post('/api/user/confirm-password', { password: PASSWORD }, { token: bundle.token })).body
        .user,
    ];
    for (const person of people) expect(Object.keys(person).sort()).toEqual(user);
    expect(Object.keys(bundle).sort()).toEqual(
      ['expiresAt', 'expiresIn', 'refreshExpiresAt', 'refreshToken', 'token', 'tokenType', 'user'].sort(),
    );
    expect(Object.keys(session.body).sort()).toEqual(['expires', 'session', 'user']);
    expect(Object.keys(session.body.session).sort()).toEqual([
      'authenticatedAt',
      'createdAt',
      'expiresAt',
      'id',
      'methods',
    ]);
    const [own] = (await client.get('/api/user/sessions', { token: bundle.token })).body;
    const listed = [
      'browser',
      'createdAt',
      'current',
      'device',
      'expiresAt',
      'id',
      'ip',
      'lastSeenAt',
      'methods',
      'system',
    ];
    expect(Object.keys(own).sort()).toEqual(listed);
  });
});
