import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DomainEvents } from '../../src/events/domain-events.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD } from '../support/client.js';

const NEW_PASSWORD = 'an entirely new password';

describe('changing the password', () => {
  let target: TestApp;
  let client: Client;
  const changes: string[] = [];

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    target.app.get(DomainEvents).on('password.changed', ({ userId }) => void changes.push(userId));
  });
  afterAll(() => target.close());

  function change(token: string, currentPassword: unknown, newPassword: unknown): Promise<Answer> {
    return client.post('/api/user/password', { currentPassword, newPassword }, { token });
  }

  async function storedHash(userId: string): Promise<string | undefined> {
    const sql = 'SELECT hash FROM passwords WHERE user_id = $1';
    const [row] = await target.database.query<{ hash: string }[]>(sql, [userId]);
    return row?.hash;
  }

  it('PW-04: the new one counts, the other sessions end, this one stays, and the owner is told', async () => {
    const { user, token, refreshToken } = await client.register();
    const other = (await client.login(user.email)).body;
    const answer = await change(token, PASSWORD, NEW_PASSWORD);
    expect([answer.status, answer.body]).toEqual([204, undefined]);

    expect((await client.get('/api/user', { token })).status).toBe(200);
    expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
    expect((await client.get('/api/user', { token: other.token })).body.code).toBe('session_revoked');
    const refused = await client.post('/api/auth/refresh', { refreshToken: other.refreshToken });
    expect(refused.body.code).toBe('session_revoked');

    expect((await client.login(user.email)).body.code).toBe('invalid_credentials');
    expect((await client.login(user.email, NEW_PASSWORD)).status).toBe(200);
    const mail = await target.mailbox.newest(user.email, /password was changed/);
    expect(mail.token).toBe('');
    expect(changes.filter((id) => id === user.id)).toHaveLength(1);
  });

  it('PWD-14: a wrong current password is 422, so that clients do not refresh and retry', async () => {
    const { user, token } = await client.register();
    const before = await storedHash(user.id);
    for (const wrong of ['', 'wrong', `${PASSWORD} `, PASSWORD.toUpperCase(), 'x'.repeat(1024)]) {
      const answer = await change(token, wrong, NEW_PASSWORD);
      expect([answer.status, answer.body.code]).toEqual([422, 'password_incorrect']);
      expect(answer.headers.has('www-authenticate')).toBe(false);
    }
    expect(await storedHash(user.id)).toBe(before);
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });

  it.each([
    ['no current password', { newPassword: NEW_PASSWORD }, 'currentPassword'],
    ['a null current password', { currentPassword: null, newPassword: NEW_PASSWORD }, 'currentPassword'],
    ['no new password', { currentPassword: PASSWORD }, 'newPassword'],
    ['a null new password', { currentPassword: PASSWORD, newPassword: null }, 'newPassword'],
    ['a number', { currentPassword: PASSWORD, newPassword: 12345678 }, 'newPassword'],
    ['a list', { currentPassword: PASSWORD, newPassword: [NEW_PASSWORD] }, 'newPassword'],
    ['a field too many', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD, userId: '1' }, 'userId'],
  ])('PWD-14, PW-08: %s is refused', async (_, body, field) => {
    const { user, token } = await client.register();
    const answer = await client.post('/api/user/password', body, { token });
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.errors).toMatchObject([{ field }]);
    expect((await client.login(user.email)).status).toBe(200);
  });

  it('PW-08: an empty new password is refused by the rules', async () => {
    const { user, token } = await client.register();
    expect((await change(token, PASSWORD, '')).body.code).toBe('weak_password');
    expect((await client.login(user.email)).status).toBe(200);
  });

  it('PWD-14, PW-08: no way round through PATCH', async () => {
    const { user, token } = await client.register();
    for (const field of ['password', 'newPassword', 'passwordHash', 'hash']) {
      const answer = await client.patch('/api/user', { [field]: NEW_PASSWORD, firstName: 'Eve' }, { token });
      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
      expect(answer.body.errors).toMatchObject([{ field, code: 'unknown_field' }]);
    }
    expect((await client.get('/api/user', { token })).body.firstName).toBeNull();
    expect((await client.login(user.email)).status).toBe(200);
  });

  it('PWD-15: the current one again is `same_password`, also in another normal form', async () => {
    const password = 'Amélie rides the tram';
    const { token } = await client.register({ password });
    for (const same of [password, password.normalize('NFD')]) {
      const answer = await change(token, password, same);
      expect([answer.status, answer.body.code]).toEqual([422, 'same_password']);
    }
  });

  it('PWD-15: whether it is the current one is told only to whoever knows it', async () => {
    const { token } = await client.register();
    expect((await change(token, 'wrong', PASSWORD)).body.code).toBe('password_incorrect');
    expect((await change(token, 'wrong', 'wrong')).body.code).toBe('password_incorrect');
  });

  it('PWD-06: the rules hold here, too', async () => {
    const { token } = await client.register({ lastName: 'Featherstonehaugh' });
    const answer = await change(token, PASSWORD, 'Featherstonehaugh1');
    expect([answer.status, answer.body.code]).toEqual([422, 'weak_password']);
    expect(answer.body.errors).toMatchObject([{ field: 'newPassword', code: 'too_personal' }]);
    expect(JSON.stringify(answer.body)).not.toContain('Featherstonehaugh');
  });

  it('PW-04: of two changes at once a single one counts', async () => {
    const { user, token } = await client.register();
    const passwords = ['the first of two passwords', 'the second of two passwords'];
    const answers = await Promise.all(passwords.map((password) => change(token, PASSWORD, password)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422]);
    expect(answers.find(({ status }) => status === 422)?.body.code).toBe('password_incorrect');
    const logins = await Promise.all(passwords.map((password) => client.login(user.email, password)));
    expect(logins.map(({ status }) => status)).toEqual(
      answers.map(({ status }) => (status === 204 ? 200 : 401)),
    );
    expect(changes.filter((id) => id === user.id)).toHaveLength(1);
  });

  it('PW-04: of two changes in two sessions at once, the loser has lost the session as well', async () => {
    const { user, token } = await client.register();
    const other = (await client.login(user.email)).body.token as string;
    const answers = await Promise.all([
      change(token, PASSWORD, 'the first of two passwords'),
      change(other, PASSWORD, 'the second of two passwords'),
    ]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    const states = await Promise.all(
      [token, other].map(async (bearer) => (await client.get('/api/user', { token: bearer })).status),
    );
    expect(states).toEqual(answers.map(({ status }) => (status === 204 ? 200 : 401)));
  });

  it('needs to be signed in', async () => {
    const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    expect((await client.post('/api/user/password', body)).body.code).toBe('token_missing');
  });
});
