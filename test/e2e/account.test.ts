import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccountService } from '../../src/account/account.service.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { AccessDenied } from '../../src/guard/guard.errors.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';

/** The user object of the contract (http-api.md), and nothing else. */
const USER_FIELDS = [
  'avatarUrl',
  'createdAt',
  'email',
  'emailVerified',
  'firstName',
  'id',
  'lastName',
  'lastSeenAt',
  'name',
  'pendingEmail',
  'permissions',
  'roles',
  'updatedAt',
  'username',
];

describe('the account', () => {
  let target: TestApp;
  let client: Client;
  const updates: { userId: string; fields: string[] }[] = [];

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    target.app
      .get(DomainEvents)
      .on('user.updated', ({ userId, fields }) => void updates.push({ userId, fields }));
  });
  afterAll(() => target.close());

  const self = (token: string): Promise<Answer> => client.get('/api/user', { token });
  const patch = (token: string, body: unknown): Promise<Answer> => client.patch('/api/user', body, { token });

  async function rowOf(id: string): Promise<Record<string, unknown> | undefined> {
    const sql = 'SELECT * FROM users WHERE id = $1';
    return (await target.database.query<Record<string, unknown>[]>(sql, [id]))[0];
  }

  it('AC-01: changes names and username, each for itself', async () => {
    const { user, token } = await client.register({ firstName: 'Ada', lastName: 'Byron' });
    const username = `ada-${Date.now()}`;
    const answer = await patch(token, { lastName: '  Lovelace ', username });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      firstName: 'Ada',
      lastName: 'Lovelace',
      name: 'Ada Lovelace',
      username,
    });
    expect(answer.body.updatedAt > user.updatedAt).toBe(true);
    expect((await self(token)).body).toMatchObject({ lastName: 'Lovelace', username });
    expect((await client.login(username)).status).toBe(200);
    expect(updates.filter(({ userId }) => userId === user.id)).toEqual([
      { userId: user.id, fields: ['lastName', 'username'] },
    ]);
  });

  it('AC-01: null clears a field; a field that is absent stays', async () => {
    const { token } = await client.register({
      firstName: 'Ada',
      lastName: 'Byron',
      username: `u${Date.now()}`,
    });
    const answer = await patch(token, { firstName: null, username: null });
    expect(answer.body).toMatchObject({ firstName: null, lastName: 'Byron', name: 'Byron', username: null });
  });

  it('AC-01: an empty change changes nothing and is no event', async () => {
    const { user, token } = await client.register();
    for (const body of [{}, undefined]) {
      const answer = await patch(token, body);
      expect([answer.status, answer.body.updatedAt]).toEqual([200, user.updatedAt]);
    }
    expect(updates.filter(({ userId }) => userId === user.id)).toEqual([]);
  });

  it('AC-01: a taken username changes nothing, not even the fields beside it', async () => {
    const username = `taken-${Date.now()}`;
    await client.register({ username });
    const { user, token } = await client.register({ firstName: 'Ada' });
    const before = await rowOf(user.id);
    const answer = await patch(token, { firstName: 'Eve', username: username.toUpperCase() });
    expect([answer.status, answer.body.code]).toEqual([409, 'username_taken']);
    expect(await rowOf(user.id)).toEqual(before);
    expect(updates.filter(({ userId }) => userId === user.id)).toEqual([]);
  });

  it.each([
    ['email', someEmail('eve')],
    ['pendingEmail', someEmail('eve')],
    ['emailVerified', true],
    ['id', '0193b0c0-0000-7000-8000-000000000000'],
    ['roles', ['admin']],
    ['permissions', ['*']],
    ['isAdmin', true],
    ['bannedAt', null],
    ['createdAt', '2020-01-01T00:00:00Z'],
    ['passwordHash', 'x'],
    ['userId', '0193b0c0-0000-7000-8000-000000000000'],
    ['first_name', 'Eve'],
  ])('INJ-06: refuses %s, and the fields beside it are not changed', async (field, value) => {
    const { user, token } = await client.register({ firstName: 'Ada' });
    const before = await rowOf(user.id);
    const answer = await patch(token, { firstName: 'Eve', [field]: value });
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.errors).toMatchObject([{ field, code: 'unknown_field' }]);
    expect(await rowOf(user.id)).toEqual(before);
  });

  it('AC-01: of many changes at once each is whole', async () => {
    const { token } = await client.register();
    const names = Array.from({ length: 10 }, (_, n) => `Name${n}`);
    const answers = await Promise.all(names.map((name) => patch(token, { firstName: name, lastName: name })));
    for (const { body } of answers) expect(body.firstName).toBe(body.lastName);
    const { body } = await self(token);
    expect(body.firstName).toBe(body.lastName);
  });

  it('AC-01: a hook of a host application changes what is allowed, refuses, and reaches nothing else', async () => {
    const { user, token } = await client.register();
    target.app.get(AccountService).onUpdating((updating) => {
      if (updating.user.id !== user.id) return;
      if (updating.profile.lastName === 'Nobody') throw new AccessDenied();
      Object.assign(updating.profile, { email: someEmail(), firstName: `Dr ${updating.profile.firstName}` });
    });
    const changed = await patch(token, { firstName: 'Ada' });
    expect(changed.body).toMatchObject({ firstName: 'Dr Ada', email: user.email });
    expect((await patch(token, { firstName: 'Eve', lastName: 'Nobody' })).body.code).toBe('access_denied');
    expect((await self(token)).body.firstName).toBe('Dr Ada');
  });

  describe('AC-04: deleting it', () => {
    it('takes the password; every session ends and nobody can sign in', async () => {
      const { user, token, refreshToken } = await client.register();
      const other = (await client.login(user.email)).body;
      const answer = await client.delete('/api/user', { password: PASSWORD }, { token });
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      for (const bearer of [token, other.token]) {
        expect((await self(bearer)).body).toMatchObject({ status: 401, code: 'session_revoked' });
      }
      expect((await client.post('/api/auth/refresh', { refreshToken })).body.code).toBe('session_revoked');
      expect((await client.login(user.email)).body.code).toBe('invalid_credentials');
      expect((await rowOf(user.id))?.deleted_at).toBeInstanceOf(Date);
    });

    it('refuses a wrong password, and nothing happens', async () => {
      const { token } = await client.register();
      const answer = await client.delete('/api/user', { password: 'wrong' }, { token });
      expect([answer.status, answer.body.code]).toEqual([422, 'password_incorrect']);
      for (const password of [null, 1, [PASSWORD]]) {
        const refused = await client.delete('/api/user', { password }, { token });
        expect([refused.status, refused.body.code]).toEqual([400, 'validation_failed']);
      }
      expect((await self(token)).status).toBe(200);
    });

    it('takes no body right after signing in', async () => {
      const { token } = await client.register();
      expect((await client.delete('/api/user', undefined, { token })).status).toBe(204);
      expect((await self(token)).body.code).toBe('session_revoked');
    });

    it('asks for step-up later, which confirming the password gives', async () => {
      const { user, token } = await client.register();
      const age = "UPDATE sessions SET authenticated_at = now() - interval '16 minutes' WHERE user_id = $1";
      await target.database.query(age, [user.id]);
      const refused = await client.delete('/api/user', undefined, { token });
      expect([refused.status, refused.body.code]).toEqual([403, 'step_up_required']);
      expect((await self(token)).status).toBe(200);

      const wrong = await client.post('/api/user/confirm-password', { password: 'wrong' }, { token });
      expect([wrong.status, wrong.body.code]).toEqual([422, 'password_incorrect']);
      expect((await client.delete('/api/user', undefined, { token })).body.code).toBe('step_up_required');
      const confirmed = await client.post('/api/user/confirm-password', { password: PASSWORD }, { token });
      expect(confirmed.status).toBe(200);
      expect((await client.delete('/api/user', undefined, { token })).status).toBe(204);
    });

    it('happens once of many at once', async () => {
      const { user, token } = await client.register();
      const deleted: string[] = [];
      target.app.get(DomainEvents).on('user.deactivated', ({ userId }) => {
        if (userId === user.id) deleted.push(userId);
      });
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => client.delete('/api/user', undefined, { token })),
      );
      for (const { status } of answers) expect([204, 401]).toContain(status);
      expect(answers.some(({ status }) => status === 204)).toBe(true);
      expect(deleted).toHaveLength(1);
    });
  });

  it('AC-05: wherever a person sees themself, exactly the fields of the contract, unset ones null', async () => {
    const registered = await client.register();
    const { user, token } = registered;
    const answers = [
      registered,
      (await client.login(user.email)).body,
      (await client.post('/api/auth/refresh', { refreshToken: registered.refreshToken })).body,
      (await client.get('/api/auth/session', { token })).body,
      { user: (await self(token)).body },
      { user: (await patch(token, { firstName: null })).body },
      (await client.post('/api/user/confirm-password', { password: PASSWORD }, { token })).body,
    ];
    for (const body of answers) {
      expect(Object.keys(body.user).sort()).toEqual(USER_FIELDS);
      expect(JSON.stringify(body)).not.toMatch(/\$argon2|passwordHash|"hash"|undefined/);
    }
    expect((await self(token)).body).toMatchObject({
      firstName: null,
      lastName: null,
      name: null,
      username: null,
      pendingEmail: null,
      avatarUrl: null,
      roles: [],
      permissions: [],
    });
  });
});

describe('the account, deleted for good', () => {
  let target: TestApp;

  beforeAll(async () => {
    target = await startApp({ SOFT_DELETE: 'false' });
  });
  afterAll(() => target.close());

  it('AC-04: nothing of the person is left, tokens are refused, and the address is free', async () => {
    const client = new Client(target);
    const { user, token, refreshToken } = await client.register();
    await target.mailbox.newest(user.email);
    expect((await client.delete('/api/user', { password: PASSWORD }, { token })).status).toBe(204);
    expect((await client.get('/api/user', { token })).status).toBe(401);
    expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(401);
    for (const [table, column] of [
      ['users', 'id'],
      ['passwords', 'user_id'],
      ['sessions', 'user_id'],
      ['one_time_links', 'subject_id'],
    ] as const) {
      const sql = `SELECT count(*)::int AS count FROM ${table} WHERE ${column} = $1`;
      expect(await target.database.query(sql, [user.id])).toEqual([{ count: 0 }]);
    }
    expect((await client.register({ email: user.email })).user.id).not.toBe(user.id);
  });
});
