import { monitorEventLoopDelay } from 'node:perf_hooks';
import { hash as argon2Hash } from '@node-rs/argon2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { median } from '../support/median.js';

const REGISTER = '/api/auth/register';
const LOGIN = '/api/auth/login';
const TODAYS_HASH = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/;

describe('passwords', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
  });
  afterAll(() => target.close());

  async function expectRefused(answer: Promise<Answer>): Promise<void> {
    const { status, body } = await answer;
    expect([status, body.code]).toEqual([401, 'invalid_credentials']);
  }

  async function storedHash(userId: string): Promise<string> {
    const sql = 'SELECT hash FROM passwords WHERE user_id = $1';
    const [row] = await target.database.query<{ hash: string }[]>(sql, [userId]);
    return row?.hash ?? '';
  }

  /** Somebody whose hash comes from elsewhere. */
  async function importedUser(hash: string): Promise<{ id: string; email: string }> {
    const { user } = await client.register();
    await target.app.get(PasswordsService).store(user.id, hash, target.database.manager);
    return user;
  }

  it('PW-07: are stored as argon2id with a salt of their own', async () => {
    const [a, b] = [await client.register(), await client.register()];
    const hashes = [await storedHash(a.user.id), await storedHash(b.user.id)];
    for (const hash of hashes) expect(hash).toMatch(TODAYS_HASH);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('PWD-01: count beyond 72 bytes', async () => {
    const start = 'correct horse '.repeat(6).slice(0, 72);
    const { user } = await client.register({ password: `${start}X` });
    await expectRefused(client.login(user.email, `${start}Y`));
    await expectRefused(client.login(user.email, start));
    expect((await client.login(user.email, `${start}X`)).status).toBe(200);
  });

  it('PWD-04: count to their last byte, with the longest username and address', async () => {
    const email = `${'a'.repeat(56)}${someEmail('').slice(1, 9)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    const username = 'u'.repeat(255);
    const password = 'correct horse '.repeat(80).slice(0, 1023);
    await client.register({ email, username, password: `${password}X` });
    for (const login of [email, username]) {
      await expectRefused(client.login(login, `${password}Y`));
      expect((await client.login(login, `${password}X`)).status).toBe(200);
    }
  });

  it.each([
    ['7 characters', 'kM7qzvR', false],
    ['8 characters', 'kM7qzvRw', true],
    ['7 emoji', '🦑🐙🦀🦞🦐🐚🐠', false],
    ['8 emoji', '🦑🐙🦀🦞🦐🐚🐠🐡', true],
    ['7 letters with combining marks', 'e\u0301a\u0300o\u0302u\u0308n\u0303c\u0327i\u0308', false],
    ['8 letters with combining marks', 'e\u0301a\u0300o\u0302u\u0308n\u0303c\u0327i\u0308y\u0301', true],
    ['8 blanks and letters', ' q  z  w', true],
    ['a tab and a line break', 'kM7\tqz\nvR', true],
    ['1024 bytes', 'correct horse '.repeat(74).slice(0, 1024), true],
    ['1024 bytes after NFC only', `${'é'.repeat(512)}`.normalize('NFD'), true],
  ])('PWD-05: %s: accepted %#', async (_, password, accepted) => {
    const email = someEmail();
    const answer = await client.post(REGISTER, { email, password });
    expect([answer.status, answer.body.code]).toEqual(accepted ? [201, undefined] : [422, 'weak_password']);
    if (accepted) expect((await client.login(email, password)).status).toBe(200);
  });

  it('PW-07: are the same password in NFC and NFD, and nothing else is folded', async () => {
    const password = 'Amélie rides the tram';
    const { user } = await client.register({ password });
    expect((await client.login(user.email, password.normalize('NFD'))).status).toBe(200);
    for (const other of [` ${password}`, `${password} `, password.toLowerCase(), 'Ａmélie rides the tram']) {
      await expectRefused(client.login(user.email, other));
    }
  });

  it.each([
    ['password1', ['too_common']],
    ['ILOVEYOU123', ['too_common']],
    ['tokenhouse2026', ['too_personal']],
    ['localhost!', ['too_personal']],
    ['Zebulo-Quackenbush', ['too_personal']],
    ['qzw', ['too_short']],
    ['zebulo', ['too_short', 'too_personal']],
  ])('PWD-06: %s is refused with every rule, on register, change and reset', async (password, rules) => {
    const names = { firstName: 'Zebulo', lastName: 'Quackenbush' };
    const { user, token } = await client.register(names);
    await client.post('/api/auth/password/forgot', { email: user.email });
    const link = (await target.mailbox.newest(user.email, /Choose/)).token;
    const change = { currentPassword: PASSWORD, newPassword: password };
    const answers = [
      await client.post(REGISTER, { email: someEmail(), password, ...names }),
      await client.post('/api/user/password', change, { token }),
      await client.post('/api/auth/password/reset', { token: link, password }),
    ];
    for (const { status, body } of answers) {
      expect([status, body.code]).toEqual([422, 'weak_password']);
      expect(body.errors.map(({ code }: { code: string }) => code)).toEqual(rules);
      expect(JSON.stringify(body)).not.toContain(password);
    }
    expect((await client.login(user.email)).status).toBe(200);
  });

  it('PW-05: signing in never applies the rules', async () => {
    const { email } = await importedUser(await argon2Hash('abc'));
    expect((await client.login(email, 'abc')).status).toBe(200);
  });

  it.each([
    ['1 kB + 1', 1025, 400, 'validation_failed'],
    ['100 kB', 100_000, 400, 'validation_failed'],
    ['1 MB', 1_000_000, 413, 'payload_too_large'],
  ])('PWD-07: %s at login, register and change', async (_, length, status, code) => {
    const { token } = await client.register();
    const [plain, accents] = ['x'.repeat(length), 'é'.repeat(Math.ceil(length / 2))];
    const change = { currentPassword: PASSWORD, newPassword: accents };
    const delays: number[] = [];
    // This test runs in the service's process, so a busy machine may spoil a round.
    for (let round = 0; round < 20 && !(Math.min(...delays) < 50); round += 1) {
      const loop = monitorEventLoopDelay({ resolution: 1 });
      loop.enable();
      const answers = [
        await client.post(LOGIN, { login: someEmail(), password: plain }),
        await client.post(LOGIN, { login: someEmail(), password: accents }),
        await client.post(REGISTER, { email: someEmail(), password: plain }),
        await client.post(REGISTER, { email: someEmail(), password: accents }),
        await client.post('/api/user/password', change, { token }),
        await client.post('/api/user/password', { currentPassword: plain, newPassword: PASSWORD }, { token }),
      ];
      loop.disable();
      delays.push(loop.max / 1e6);
      for (const answer of answers) expect([answer.status, answer.body.code]).toEqual([status, code]);
    }
    expect(Math.min(...delays)).toBeLessThan(50);
  });

  it('PWD-07: a password that is too long is never hashed', async () => {
    const msOf = async (password: string): Promise<number> => {
      const before = performance.now();
      await client.post(LOGIN, { login: someEmail(), password });
      return performance.now() - before;
    };
    const [hashed, tooLong]: [number[], number[]] = [[], []];
    for (let n = 0; n < 21; n++) {
      hashed.push(await msOf('x'.repeat(100)));
      tooLong.push(await msOf('x'.repeat(100_000)));
    }
    expect(median(tooLong)).toBeLessThan(median(hashed) / 2);
  });

  it('PWD-12: 500 logins at once: a bounded queue, and the rest of the service stays fast', async () => {
    const { user, token } = await client.register();
    let over = false;
    const logins = Promise.all(Array.from({ length: 500 }, () => client.login(user.email))).finally(() => {
      over = true;
    });
    const times: Record<string, number[]> = { '/health/live': [], '/api/user': [] };
    while (!over) {
      for (const [path, taken] of Object.entries(times)) {
        const before = performance.now();
        expect((await client.get(path, { token })).status).toBe(200);
        taken.push(performance.now() - before);
      }
    }
    const answers = await logins;
    const signedIn = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 503);
    expect(signedIn.length + refused.length).toBe(500);
    expect(signedIn.length).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThanOrEqual(200);
    for (const { body, headers } of refused) {
      expect(body.code).toBe('overloaded');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    for (const taken of Object.values(times)) {
      // The first ones share their thread with the 500 clients of this test.
      const typical = taken.sort((a, b) => a - b)[Math.floor(taken.length / 2)];
      expect(taken.length).toBeGreaterThan(5);
      expect(typical).toBeLessThan(250);
    }
    expect((await client.login(user.email)).status).toBe(200);
  });
});
