import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { Secret } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Authenticator } from '../support/authenticator.js';
import {
  type Answer,
  Client,
  PASSWORD,
  type RequestOptions,
  setCookies,
  someEmail,
} from '../support/client.js';
import { registerVerified } from '../support/people.js';
import { ServiceCaller } from '../support/service-caller.js';

/** Everything that is logged, at every level. */
class Collector implements LoggerService {
  readonly lines: string[] = [];

  private readonly keep = (...parts: unknown[]): void => {
    this.lines.push(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '));
  };

  readonly log = this.keep;
  readonly error = this.keep;
  readonly warn = this.keep;
  readonly debug = this.keep;
  readonly verbose = this.keep;
  readonly fatal = this.keep;

  text(): string {
    return this.lines.join('\n');
  }
}

describe('LOG-01: a secret', () => {
  const logs = new Collector();
  const refusals: string[] = [];
  /** Passwords: nowhere at all. */
  const passwords: string[] = [];
  /** Tokens of sessions and links: nowhere but in the answer, or in the one mail, that hands them out. */
  const tokens: string[] = [];
  let linkTokens: string[];
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    // As in production, where requests are logged.
    target = await startApp({ NODE_ENV: 'production', RATE_LIMIT: 'on' });
    target.app.useLogger(logs);
    client = new Client(target);
    // The lines of requests go to standard output as they are.
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      logs.lines.push(...String(chunk).split('\n'));
      return true;
    });
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await target.close();
  });

  function canary(): string {
    const secret = `canary ${randomBytes(9).toString('hex')}`;
    passwords.push(secret);
    return secret;
  }

  /** Remembers what an answer hands out, or refuses with. */
  async function note(pending: Promise<Answer>): Promise<Answer> {
    const answer = await pending;
    if (answer.status >= 400)
      refusals.push(JSON.stringify([...answer.headers]) + JSON.stringify(answer.body));
    const { token, refreshToken } = (answer.body ?? {}) as Record<string, string | undefined>;
    for (const secret of [token, refreshToken, ...Object.values(setCookies(answer))])
      if (secret) tokens.push(secret);
    return answer;
  }

  async function linkIn(email: string, subject: RegExp): Promise<string> {
    return (await target.mailbox.newest(email, subject)).token;
  }

  it('is used in every way, right and wrong', async () => {
    const email = someEmail();
    const first = canary();
    const { body: bundle } = await note(client.post('/api/auth/register', { email, password: first }));
    const { token, refreshToken } = bundle;
    await note(client.post('/api/auth/register', { email, password: canary() }));
    await note(client.post('/api/auth/register', { email: canary(), password: canary() }));
    await note(client.post('/api/auth/login', { login: email, password: canary() }));
    await note(
      client.post('/api/auth/login', { login: canary(), password: canary(), token, [canary()]: canary() }),
    );
    await note(client.post('/api/auth/login', { login: [canary()], password: { $ne: canary() } }));
    const sameOrigin = { headers: { 'sec-fetch-site': 'same-origin' } };
    const cookieLogin = { login: email, password: first, transport: 'cookie' };
    expect((await note(client.post('/api/auth/login', cookieLogin, sameOrigin))).status).toBe(200);
    await note(client.post('/api/auth/refresh', { refreshToken }));
    await note(client.post('/api/auth/refresh', { refreshToken: `${refreshToken}x` }));
    await note(client.get(`/api/user?access_token=${token}&password=${encodeURIComponent(canary())}`));
    await note(client.get('/api/user', { token: `${token}x` }));
    await note(client.get(`/api/nowhere?token=${refreshToken}`));
    await note(client.get(`/api/token?raw=${encodeURIComponent(canary())}`, { token }));
    await note(client.patch('/api/user', { password: canary() }, { token }));
    await note(client.post('/api/user/confirm-password', { password: canary() }, { token }));
    await note(
      client.post('/api/user/password', { currentPassword: canary(), newPassword: canary() }, { token }),
    );
    const second = canary();
    const change = { currentPassword: first, newPassword: second };
    expect((await note(client.post('/api/user/password', change, { token }))).status).toBe(204);
    await malformed(`{"login":"${email}","password":"${canary()}"`);
    await malformed(`{"password":"${canary()}","__proto__":{}}`);
    await malformed(`{"password":"${canary()} ${'x'.repeat(200_000)}"}`);
    await reset(email);
    await changeAddress(email);
  });

  async function malformed(body: string): Promise<void> {
    const response = await fetch(`${target.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    refusals.push(await response.text());
  }

  async function reset(email: string): Promise<void> {
    await note(client.post('/api/auth/password/forgot', { email }));
    const link = await linkIn(email, /Choose/);
    await note(client.post('/api/auth/password/reset', { token: `${link}x`, password: canary() }));
    await note(client.post('/api/auth/password/reset', { token: link, password: 'canary0' }));
    await note(client.post('/api/auth/email/verify', { token: link }));
    await note(client.get(`/reset-password?token=${link}`));
    const answer = await note(client.post('/api/auth/password/reset', { token: link, password: canary() }));
    expect(answer.status).toBe(204);
    await note(client.post('/api/auth/password/reset', { token: link, password: canary() }));
  }

  async function changeAddress(email: string): Promise<void> {
    const password = passwords.at(-2) as string;
    const { body } = await note(client.post('/api/auth/login', { login: email, password }));
    const fresh = someEmail('new');
    await note(client.post('/api/user/email', { email: fresh, password: canary() }, { token: body.token }));
    const changed = await note(
      client.post('/api/user/email', { email: fresh, password }, { token: body.token }),
    );
    expect(changed.status).toBe(202);
    const [proof, undo] = [await linkIn(fresh, /new e-mail/), await linkIn(email, /about to change/)];
    expect((await note(client.post('/api/auth/email/verify', { token: proof }))).status).toBe(204);
    expect((await note(client.post('/api/auth/email/undo', { token: undo }))).status).toBe(204);
  }

  it('of a second factor is used, right and wrong', async () => {
    const { email, token } = await registerVerified(target);
    const { body: started } = await note(client.post('/api/user/two-factor', {}, { token }));
    const authenticator = new Authenticator(target, started.secret);
    tokens.push(started.secret, Secret.fromBase32(started.secret).hex.toLowerCase());
    const code = authenticator.next();
    const confirm = '/api/user/two-factor/confirm';
    await note(client.post(confirm, { code: authenticator.wrongCode() }, { token }));
    const { body: confirmed } = await note(client.post(confirm, { code }, { token }));
    const codes = confirmed.recoveryCodes as string[];
    tokens.push(...codes, ...codes.map((one) => one.replaceAll('-', '')));
    const { body: begun } = await note(client.login(email));
    const id = begun.challenge.id as string;
    tokens.push(id);
    await note(client.post('/api/auth/challenge', { id, code: authenticator.wrongCode() }));
    await note(client.post('/api/auth/challenge', { id: `${id}x`, recoveryCode: codes[0] }));
    await note(client.post('/api/auth/challenge', { id, recoveryCode: id }));
    await note(client.get('/api/user', { token: id }));
    await note(client.login(email, PASSWORD, { recoveryCode: `${codes[1]}x` }));
    const answered = await note(client.post('/api/auth/challenge', { id, recoveryCode: codes[0] }));
    expect(answered.status).toBe(200);
    await note(client.post('/api/auth/challenge', { id, recoveryCode: codes[0] }));
  });

  it('of another service is used, right and wrong', async () => {
    const service = await ServiceCaller.create(target, 'tokens:introspect', 'tokens:revoke');
    tokens.push(service.secret, service.authorization.slice('Basic '.length));
    const { body } = await note(
      client.post('/api/auth/register', { email: someEmail(), password: canary() }),
    );
    expect((await service.introspect(body.token)).body.active).toBe(true);
    const form = { token: body.refreshToken, client_id: service.id, client_secret: service.secret };
    const ask = (path: string, options: RequestOptions): Promise<Answer> =>
      note(client.request('POST', path, options));
    await ask('/oauth/introspect', { form: { ...form, client_secret: `${service.secret}x` } });
    await ask('/oauth/introspect', { form: { ...form, client_id: 'x' } });
    await ask('/oauth/revoke', { form: [...Object.entries(form), ['token', body.token]] });
    await ask('/oauth/revoke', { body: form });
    await ask(`/oauth/revoke?client_secret=${service.secret}`, { form });
    await ask('/api/revocations', { headers: { authorization: service.authorization } });
  });

  it('LOG-02: meets a database that fails in the middle', async () => {
    const { body } = await note(
      client.post('/api/auth/register', { email: someEmail(), password: canary() }),
    );
    await target.database.query('ALTER TABLE passwords RENAME TO passwords_away');
    await target.database.query('ALTER TABLE one_time_links RENAME TO links_away');
    const login = canary();
    const answers = [
      await note(client.post('/api/auth/login', { login, password: canary() })),
      await note(client.post('/api/auth/register', { email: someEmail('bound-value'), password: canary() })),
      await note(client.post('/api/auth/password/reset', { token: login, password: canary() })),
      await note(client.post('/api/user/confirm-password', { password: canary() }, { token: body.token })),
    ];
    await target.database.query('ALTER TABLE passwords_away RENAME TO passwords');
    await target.database.query('ALTER TABLE links_away RENAME TO one_time_links');
    for (const answer of answers) {
      expect([answer.status, answer.body.code]).toEqual([500, 'internal_error']);
      expect(answer.body.detail).not.toMatch(/relation|passwords|select|one_time/i);
      expect(logs.text()).toContain(answer.body.requestId);
    }
    expect(logs.text()).toContain('does not exist');
    expect(logs.text()).not.toContain('bound-value');
  });

  it('was seen by this test', async () => {
    const mails = await target.mailbox.all();
    linkTokens = mails.map(({ token }) => token).filter((token) => token !== '');
    expect(linkTokens.length).toBeGreaterThanOrEqual(4);
    expect(tokens.length).toBeGreaterThanOrEqual(8);
    expect(passwords.length).toBeGreaterThanOrEqual(20);
    expect(refusals.length).toBeGreaterThanOrEqual(20);
    expect(logs.lines.filter((line) => line.includes('"status":')).length).toBeGreaterThanOrEqual(20);
  });

  function expectNone(text: string, secrets: string[]): void {
    for (const secret of secrets) {
      for (const form of formsOf(secret)) expect(text.includes(form), `${secret} as ${form}`).toBe(false);
    }
  }

  it('is in no log line', () => {
    expectNone(logs.text(), [...passwords, ...tokens, ...linkTokens]);
    expect(logs.text()).not.toMatch(/canary|\$argon2/);
  });

  it('is in no refusal', () => {
    expectNone(refusals.join('\n'), [...passwords, ...tokens, ...linkTokens]);
  });

  it('is in no row of the database, in no encoding', async () => {
    expectNone(await dump(), [...passwords, ...tokens, ...linkTokens]);
  });

  async function dump(): Promise<string> {
    const tables = await target.database.query<{ name: string }[]>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['users', 'passwords', 'mail_outbox']),
    );
    const rows = await Promise.all(
      tables.map(({ name }) =>
        target.database.query<{ row: string }[]>(`SELECT to_jsonb(t)::text AS row FROM "${name}" t`),
      ),
    );
    return rows
      .flat()
      .map(({ row }) => row)
      .join('\n');
  }

  it('is in no mail, save its own link there, and in the name of none', async () => {
    const folder = join(String(target.environment.DATA_DIR), 'outbox');
    const names = await readdir(folder);
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    const mails = await target.mailbox.all();
    const contents = [...texts, ...mails.map(({ subject, text, html }) => subject + text + html)].join('\n');
    expectNone(contents, [...passwords, ...tokens]);
    expectNone(names.join('\n'), [...passwords, ...tokens, ...linkTokens]);
    for (const token of linkTokens) expect(mails.filter(({ text }) => text.includes(token))).toHaveLength(1);
  });
});

/** As it is, in a URL, in base64, and as the bytes that PostgreSQL shows in hex. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const meaning = Buffer.from(secret, 'base64url');
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
    ...(meaning.length >= 16 ? [meaning.toString('hex')] : []),
  ];
}
