import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUDGETS } from '../../src/limits/budgets.js';
import { OneTimeLinks } from '../../src/links/one-time-links.service.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { ClientFrom, LOCAL_PROXY } from '../support/client-from.js';

const FORGOT = '/api/auth/password/forgot';
const RESET = '/api/auth/password/reset';
const VERIFY = '/api/auth/email/verify';
const NEW_PASSWORD = 'an entirely new password';
const APP_URL = 'https://app.example.com/auth';
const REDIRECT_URL = 'https://other.example.com/reset?from=mail';

describe('resetting a password', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp({ APP_URL, REDIRECT_URLS: `${REDIRECT_URL},https://other.example.com/second` });
    client = new Client(target);
  });
  afterAll(() => target.close());

  /** Asks for a link and gives its secret. */
  async function forgot(email: string, count = 1): Promise<string> {
    expect((await client.post(FORGOT, { email })).status).toBe(202);
    return (await target.mailbox.newest(email, /Choose a new password/, count)).token;
  }

  const reset = (token: string, password = NEW_PASSWORD): Promise<Answer> =>
    client.post(RESET, { token, password });

  async function expectLinkInvalid(answer: Promise<Answer> | Answer): Promise<void> {
    const { status, body } = await answer;
    expect([status, body.code]).toEqual([422, 'link_invalid']);
  }

  it('PW-01: mails a link to the stored address, whatever case was typed', async () => {
    const { user } = await client.register();
    const answer = await client.post(FORGOT, { email: ` ${user.email.toUpperCase()} ` });
    expect([answer.status, answer.body]).toEqual([202, undefined]);
    const mail = await target.mailbox.newest(user.email, /Choose/);
    expect(mail.link).toBe(`${APP_URL}/reset-password?token=${mail.token}`);
    expect(mail.text).toMatch(/1 hour|60 minutes/);
  });

  it('PW-01: known, unknown and deleted addresses get the same answer; only the known a mail', async () => {
    const [known, deleted] = [await client.register(), await client.register()];
    await client.delete('/api/user', { password: PASSWORD }, { token: deleted.token });
    const emails = [known.user.email, someEmail('unknown'), deleted.user.email];
    const answers = await Promise.all(emails.map((email) => client.post(FORGOT, { email })));
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(3).fill([202, undefined]));
    await target.mailbox.newest(known.user.email, /Choose/);
    await expect.poll(waitingLetters).toBe(0);
    const resets = (await target.mailbox.all()).filter(({ subject }) => /Choose/.test(subject));
    expect(resets.map(({ to }) => to)).not.toContain(emails[1]);
    expect(resets.map(({ to }) => to)).not.toContain(emails[2]);
  });

  async function waitingLetters(): Promise<number> {
    const sql = "SELECT count(*)::int AS count FROM mail_outbox WHERE state = 'waiting'";
    const [row] = await target.database.query<{ count: number }[]>(sql);
    return row?.count ?? NaN;
  }

  it('PW-01: banned people may reset, and stay banned', async () => {
    const { user } = await client.register();
    await target.app.get(UsersService).ban(user.id);
    expect((await reset(await forgot(user.email))).status).toBe(204);
    expect((await client.login(user.email, NEW_PASSWORD)).body.code).toBe('user_banned');
  });

  it('PW-02: sets the password, proves the address, opens no session', async () => {
    const { user } = await client.register();
    const answer = await reset(await forgot(user.email));
    expect([answer.status, answer.body, answer.headers.getSetCookie()]).toEqual([204, undefined, []]);
    expect((await client.login(user.email)).body.code).toBe('invalid_credentials');
    const signedIn = await client.login(user.email, NEW_PASSWORD);
    expect(signedIn.body.user).toMatchObject({ id: user.id, emailVerified: true });
  });

  it('RST-15: other sessions, tokens and older links are dead afterwards, and the owner is told', async () => {
    const { user, token, refreshToken } = await client.register();
    const second = (await client.login(user.email)).body;
    const verification = (await target.mailbox.newest(user.email, /Confirm/)).token;
    expect((await reset(await forgot(user.email))).status).toBe(204);
    for (const bearer of [token, second.token]) {
      expect((await client.get('/api/user', { token: bearer })).body.code).toBe('session_revoked');
    }
    for (const refresh of [refreshToken, second.refreshToken]) {
      const refused = await client.post('/api/auth/refresh', { refreshToken: refresh });
      expect([refused.status, refused.body.code]).toEqual([401, 'session_revoked']);
    }
    await expectLinkInvalid(client.post(VERIFY, { token: verification }));
    await target.mailbox.newest(user.email, /password was reset/);
  });

  it("HJK-02: an attacker's session on the victim's address ends when the victim resets", async () => {
    const victim = someEmail('victim');
    const attacker = await client.register({ email: victim, password: 'the attackers password' });
    expect((await reset(await forgot(victim))).status).toBe(204);
    const refused = await client.get('/api/user', { token: attacker.token });
    expect([refused.status, refused.body.code]).toEqual([401, 'session_revoked']);
    expect((await client.login(victim, 'the attackers password')).body.code).toBe('invalid_credentials');
    expect((await client.login(victim, NEW_PASSWORD)).status).toBe(200);
  });

  it('PW-02: a weak password leaves the link good', async () => {
    const { user } = await client.register({ firstName: 'Wilhelmina' });
    const token = await forgot(user.email);
    for (const [weak, rule] of [
      ['qzw7', 'too_short'],
      ['password1', 'too_common'],
      ['Wilhelmina!', 'too_personal'],
    ] as const) {
      const refused = await reset(token, weak);
      expect([refused.status, refused.body.code]).toEqual([422, 'weak_password']);
      expect(refused.body.errors).toMatchObject([{ field: 'password', code: rule }]);
      expect(JSON.stringify(refused.body)).not.toContain(weak);
    }
    expect((await client.login(user.email)).status).toBe(200);
    expect((await reset(token)).status).toBe(204);
  });

  it('RST-01: the link never follows the Host header', async () => {
    const { user } = await client.register();
    for (const [path, host] of [
      [FORGOT, 'evil.test'],
      [`http://evil.test${FORGOT}`, 'evil.test'],
    ] as const) {
      expect(await postRaw(path, { email: user.email }, { host, 'x-forwarded-host': 'evil.test' })).toBe(202);
    }
    await target.mailbox.newest(user.email, /Choose/, 2);
    for (const mail of (await target.mailbox.all(user.email)).filter(({ link }) => link !== '')) {
      expect(mail.link.startsWith(`${APP_URL}/`)).toBe(true);
      expect(mail.text + mail.html).not.toContain('evil.test');
    }
  });

  /** Fetch sets `Host` itself; a raw request may lie. */
  function postRaw(path: string, body: object, headers: Record<string, string>): Promise<number> {
    const { hostname, port } = new URL(target.url);
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        { hostname, port, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
        (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        },
      );
      request.on('error', reject).end(JSON.stringify(body));
    });
  }

  it('EV-07: `redirectTo` leads the link to an allowed target', async () => {
    const { user } = await client.register();
    expect((await client.post(FORGOT, { email: user.email, redirectTo: REDIRECT_URL })).status).toBe(202);
    const { link, token } = await target.mailbox.newest(user.email, /Choose/);
    expect(link).toBe(`${REDIRECT_URL}&token=${token}`);
  });

  it.each([
    'https://other.example.com/',
    `${REDIRECT_URL}/more`,
    REDIRECT_URL.slice(0, -1),
    REDIRECT_URL.toUpperCase(),
    ` ${REDIRECT_URL}`,
    'https://other.example.com@evil.test/reset?from=mail',
    '//other.example.com/reset?from=mail',
    '/\\evil.test',
    'javascript:alert(1)',
    'https://evil.test/',
    '',
  ])('RST-03: `redirectTo` %j is refused, and nothing is mailed', async (redirectTo) => {
    const email = someEmail('nobody');
    for (const path of [FORGOT, '/api/auth/email/verification']) {
      const { status, body } = await client.post(path, { email, redirectTo });
      expect([status, body.code, body.errors[0].field]).toEqual([400, 'validation_failed', 'redirectTo']);
    }
    const sql = "SELECT count(*)::int AS count FROM mail_outbox WHERE data ->> 'email' = $1";
    expect(await target.database.query(sql, [email])).toEqual([{ count: 0 }]);
  });

  it('RST-04: of 50 resets with one link at once a single one counts, with one event and one password', async () => {
    const { user } = await client.register();
    const events: string[] = [];
    target.app.get(DomainEvents).on('password.reset', ({ userId }) => {
      if (userId === user.id) events.push(userId);
    });
    const token = await forgot(user.email);
    const passwords = Array.from({ length: 50 }, (_, index) => `racing password ${index}`);
    const release = await holdPassword(user.id);
    const racing = passwords.map(async (password) => {
      // More than the hash queue takes at once on a small machine; as `Retry-After` asks, they come again.
      for (;;) {
        const answer = await reset(token, password);
        if (answer.status !== 503) return answer;
        expect(answer.body.code).toBe('overloaded');
      }
    });
    await release(3);
    const answers = await Promise.all(racing);
    const winners = passwords.filter((_, index) => answers[index]?.status === 204);
    expect(winners).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 204)) await expectLinkInvalid(answer);
    expect(events).toHaveLength(1);
    expect((await client.login(user.email, winners[0])).status).toBe(200);
  });

  /**
   * Keeps everybody from setting this password, until some wait for it: hashing lets them through one by one, so
   * that without a barrier there would be no race.
   */
  async function holdPassword(userId: string): Promise<(waiting: number) => Promise<void>> {
    const holder = new pg.Client({ connectionString: target.environment.DATABASE_URL });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM passwords WHERE user_id = $1 FOR UPDATE', [userId]);
    return async (waiting) => {
      const held = async (): Promise<number> => {
        await holder.query('SELECT pg_stat_clear_snapshot()');
        const { rows } = await holder.query<{ held: number }>(
          "SELECT count(*)::int AS held FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return rows[0]?.held ?? 0;
      };
      await expect.poll(held, { timeout: 10_000, interval: 10 }).toBeGreaterThanOrEqual(waiting);
      await holder.query('COMMIT');
      await holder.end();
    };
  }

  it('RST-04: a link works once', async () => {
    const { user } = await client.register();
    const token = await forgot(user.email);
    expect((await reset(token)).status).toBe(204);
    await expectLinkInvalid(reset(token, 'yet another password'));
    expect((await client.login(user.email, NEW_PASSWORD)).status).toBe(200);
  });

  it('RST-05: the token alone names the user', async () => {
    const [a, b] = [await client.register(), await client.register()];
    const token = await forgot(a.user.email);
    for (const extra of [{ email: b.user.email }, { userId: b.user.id }, { id: b.user.id }]) {
      const answer = await client.post(RESET, { token, password: NEW_PASSWORD, ...extra });
      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    }
    expect((await client.post(RESET, { token, password: NEW_PASSWORD }, { token: b.token })).status).toBe(
      204,
    );
    expect((await client.login(a.user.email, NEW_PASSWORD)).status).toBe(200);
    expect((await client.login(b.user.email)).status).toBe(200);
    expect((await client.get('/api/user', { token: b.token })).status).toBe(200);
  });

  it('RST-07: a newer link kills the older', async () => {
    const { user } = await client.register();
    const older = await forgot(user.email);
    const newer = await forgot(user.email, 2);
    await expectLinkInvalid(reset(older));
    expect((await reset(newer)).status).toBe(204);
  });

  describe('RST-08: the link is dead after', () => {
    it('a password change', async () => {
      const { user, token } = await client.register();
      const link = await forgot(user.email);
      const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
      expect((await client.post('/api/user/password', body, { token })).status).toBe(204);
      await expectLinkInvalid(reset(link, 'yet another password'));
    });

    it('an address change', async () => {
      const { user, token } = await client.register();
      const [link, email] = [await forgot(user.email), someEmail('new')];
      await client.post('/api/user/email', { email, password: PASSWORD }, { token });
      const proof = (await target.mailbox.newest(email)).token;
      expect((await client.post(VERIFY, { token: proof })).status).toBe(204);
      await expectLinkInvalid(reset(link));
    });

    it('a ban', async () => {
      const { user } = await client.register();
      const link = await forgot(user.email);
      await target.app.get(UsersService).ban(user.id);
      await expectLinkInvalid(reset(link));
    });

    it('deletion', async () => {
      const { user, token } = await client.register();
      const link = await forgot(user.email);
      await client.delete('/api/user', { password: PASSWORD }, { token });
      await expectLinkInvalid(reset(link));
    });
  });

  it("RST-09: the link is late by the database's clock, whatever the process thinks", async () => {
    const { user } = await client.register();
    const token = await forgot(user.email);
    const [link] = await target.database.query<{ minutes: number }[]>(
      `SELECT round(extract(epoch FROM expires_at - now()) / 60)::int AS minutes
       FROM one_time_links WHERE subject_id = $1 AND purpose = 'reset-password'`,
      [user.id],
    );
    expect(link?.minutes).toBe(60);
    const move = (to: string): Promise<unknown> =>
      target.database.query(
        `UPDATE one_time_links SET expires_at = now() + interval '${to}' WHERE subject_id = $1`,
        [user.id],
      );
    await move('-1 s');
    target.clock.advanceSeconds(-7200);
    await expectLinkInvalid(reset(token));
    target.clock.advanceSeconds(4 * 7200);
    await move('10 s');
    expect((await reset(token)).status).toBe(204);
    target.clock.reset();
  });

  it('RST-11: 1,000 links have 256 random bits each, and only their SHA-256 is stored', async () => {
    const { user } = await client.register();
    const links = target.app.get(OneTimeLinks);
    const secrets: string[] = [];
    await target.database.transaction(async (manager) => {
      for (let n = 0; n < 1000; n++) {
        const { link } = await links.issue('undo-email', { id: user.id, address: user.email }, manager);
        secrets.push(String(link.searchParams.get('token')));
      }
    });
    expect(new Set(secrets).size).toBe(1000);
    expect(secrets.every((secret) => Buffer.from(secret, 'base64url').length === 32)).toBe(true);
    const rows = await target.database.query<{ token_hash: Buffer; row: string }[]>(
      'SELECT token_hash, row_to_json(l)::text AS row FROM one_time_links l WHERE subject_id = $1',
      [user.id],
    );
    const stored = new Set(rows.map(({ token_hash }) => token_hash.toString('hex')));
    const dump = rows.map(({ row }) => row).join('\n');
    for (const secret of secrets) {
      expect(stored.has(createHash('sha256').update(secret).digest('hex'))).toBe(true);
      expect(dump.includes(secret) || dump.includes(Buffer.from(secret, 'base64url').toString('hex'))).toBe(
        false,
      );
    }
    await target.database.query("DELETE FROM one_time_links WHERE purpose = 'undo-email'");
  });

  it.each([
    ['no token', {}, 400],
    ['an empty token', { token: '' }, 400],
    ['a null token', { token: null }, 400],
    ['a wrong token', { token: 'A'.repeat(43) }, 422],
    ['a token too long', { token: 'A'.repeat(8193) }, 400],
    ['a number', { token: 1 }, 400],
  ])('RST-18: %s changes nothing', async (_, fields, status) => {
    for (const path of [RESET, VERIFY, '/api/auth/email/undo']) {
      const answer = await client.post(path, {
        ...(path === RESET && { password: NEW_PASSWORD }),
        ...fields,
      });
      expect([path, answer.status, answer.body.code]).toEqual([
        path,
        status,
        status === 400 ? 'validation_failed' : 'link_invalid',
      ]);
    }
  });

  it('RST-18: half a token, or one of another purpose, opens nothing and stays good', async () => {
    const { user } = await client.register();
    const token = await forgot(user.email);
    const verification = (await target.mailbox.newest(user.email, /Confirm/)).token;
    await expectLinkInvalid(reset(token.slice(0, 21)));
    await expectLinkInvalid(reset(`${token}A`));
    await expectLinkInvalid(reset(token.toUpperCase()));
    await expectLinkInvalid(reset(verification));
    await expectLinkInvalid(client.post(VERIFY, { token }));
    await expectLinkInvalid(client.post('/api/auth/email/undo', { token }));
    expect((await client.post(VERIFY, { token: verification })).status).toBe(204);
    expect((await reset(token)).status).toBe(204);
  });

  it('RST-19: GET and HEAD spend no link', async () => {
    const { user } = await client.register();
    const token = await forgot(user.email);
    for (const method of ['GET', 'HEAD']) {
      for (const path of [RESET, VERIFY, FORGOT, '/api/auth/email/undo', '/reset-password']) {
        expect((await client.request(method, `${path}?token=${token}&password=${NEW_PASSWORD}`)).status).toBe(
          404,
        );
      }
    }
    expect((await client.login(user.email)).status).toBe(200);
    expect((await reset(token)).status).toBe(204);
  });

  it('RST-21: people without a password set one by the link (PW-08)', async () => {
    const { user } = await client.register();
    await target.database.query('DELETE FROM passwords WHERE user_id = $1', [user.id]);
    expect((await client.login(user.email, '')).body.code).toBe('invalid_credentials');
    expect((await reset(await forgot(user.email))).status).toBe(204);
    expect((await client.login(user.email, NEW_PASSWORD)).status).toBe(200);
  });
});

describe('resetting a password, at the pace of the contract', () => {
  let target: TestApp;

  beforeAll(async () => {
    target = await startApp({ RATE_LIMIT: 'on', TRUSTED_PROXIES: LOCAL_PROXY });
  });
  afterAll(() => target.close());

  it('RST-17: a hundred requests for one victim mail once, and all are answered alike', async () => {
    const client = new Client(target);
    const { user } = await client.register();
    const spellings = [user.email, user.email.toUpperCase()];
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => new ClientFrom(target).post(FORGOT, { email: spellings[n % 2] })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    await target.mailbox.newest(user.email, /Choose/);
    const sql = "SELECT count(*)::int AS count FROM mail_outbox WHERE letter = 'reset-password'";
    expect(await target.database.query(sql)).toEqual([{ count: 1 }]);
    // A minute later there may be another one.
    await target.database.query("UPDATE mail_outbox SET created_at = created_at - interval '61 s'");
    await client.post(FORGOT, { email: user.email });
    await target.mailbox.newest(user.email, /Choose/, 2);
  });

  it('BRF-16: from one network thirty an hour may be asked for, for whomever', async () => {
    const client = new ClientFrom(target);
    for (let turn = 0; turn < BUDGETS['mails-from'].points; turn += 1) {
      const path = turn % 2 ? FORGOT : '/api/auth/email/verification';
      expect((await client.post(path, { email: someEmail() })).status).toBe(202);
    }
    expect((await client.post(FORGOT, { email: someEmail() })).body.code).toBe('too_many_requests');
    expect((await new ClientFrom(target).post(FORGOT, { email: someEmail() })).status).toBe(202);
  });
});
