import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OneTimeLinks } from '../../src/links/one-time-links.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { enrol } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import type { Mail } from '../support/mailbox.js';
import { beginSignIn } from '../support/people.js';

const APP_URL = 'https://app.example.com/auth';
const REDIRECT_URL = 'https://other.example.com/Welcome?from=mail';
const NEW_PASSWORD = 'an entirely new password';

/** Of all kinds of mailed links together. */
describe('mailed links', () => {
  let target: TestApp;
  let verified: TestApp;
  let client: Client;

  beforeAll(async () => {
    const environment = { APP_URL, REDIRECT_URLS: REDIRECT_URL };
    target = await startApp(environment);
    verified = await startApp({ ...environment, REGISTRATION: 'verified' });
    client = new Client(target);
  });
  afterAll(async () => {
    await target.close();
    await verified.close();
  });

  const outcome = ({ status, body }: Answer): string => `${status} ${body?.code ?? ''}`.trim();

  /** Fetch sets `Host` itself; a raw request may lie. */
  function lie(app: TestApp, path: string, body: object, token?: string): Promise<number> {
    const { hostname, port } = new URL(app.url);
    const headers = {
      host: 'evil.test',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.test',
      'x-original-url': 'https://evil.test/',
      referer: 'https://evil.test/',
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const options = { hostname, port, path: `http://evil.test${path}`, method: 'POST', headers };
    return new Promise((resolve, reject) => {
      const request = httpRequest(options, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject).end(JSON.stringify(body));
    });
  }

  it('RST-01: every mail leads to APP_URL, whatever host the request names', async () => {
    const [email, next, pending] = [someEmail(), someEmail('next'), someEmail('pending')];
    expect(await lie(target, '/api/auth/register', { email, password: PASSWORD })).toBe(201);
    const { token } = (await client.login(email)).body;
    expect(await lie(target, '/api/auth/password/forgot', { email })).toBe(202);
    expect(await lie(target, '/api/auth/email/verification', { email })).toBe(202);
    expect(await lie(target, '/api/user/email', { email: next, password: PASSWORD }, token)).toBe(202);
    const proof = await target.mailbox.newest(next, /Confirm your new/);
    expect(await lie(target, '/api/auth/email/verify', { token: proof.token })).toBe(204);
    const changed = await target.mailbox.newest(email, /was changed/);
    expect(await lie(target, '/api/auth/email/undo', { token: changed.token })).toBe(204);
    await target.mailbox.newest(next, /was undone/);
    for (let n = 0; n < 2; n += 1) {
      expect(await lie(verified, '/api/auth/register', { email: pending, password: PASSWORD })).toBe(202);
      const mail = await verified.mailbox.newest(pending);
      await lie(verified, '/api/auth/email/verify', { token: mail.token });
    }
    await verified.mailbox.newest(pending, /already have/);

    const mails: Mail[] = [
      ...(await target.mailbox.all(email)),
      ...(await target.mailbox.all(next)),
      ...(await verified.mailbox.all(pending)),
    ];
    expect(mails.length).toBeGreaterThanOrEqual(8);
    for (const { subject, text, html, link } of mails) {
      expect(text + html, subject).not.toContain('evil.test');
      if (link !== '') expect(link.startsWith(`${APP_URL}/`), subject).toBe(true);
      for (const [url = ''] of (text + html).matchAll(/https?:\/\/[^\s"<]+/g)) {
        expect(url.startsWith(APP_URL), url).toBe(true);
      }
    }
  });

  it('RST-03: every route that mails a link refuses a target that is not exactly allowed, and mails nothing', async () => {
    const { user, token } = await client.register();
    await target.mailbox.newest(user.email);
    const targets = [
      REDIRECT_URL.toLowerCase(),
      `${REDIRECT_URL}/`,
      REDIRECT_URL.slice(0, -1),
      'https://other.example.com@evil.test/Welcome?from=mail',
      '//other.example.com/Welcome?from=mail',
      '/\\evil.test',
      'javascript:alert(1)',
      ` ${REDIRECT_URL}`,
      REDIRECT_URL.replace('other', 'o\u0074her\u200B'),
    ];
    const count = 'SELECT count(*)::int AS count FROM mail_outbox';
    const before = await target.database.query(count);
    for (const redirectTo of targets) {
      for (const [path, body] of [
        ['/api/auth/password/forgot', { email: user.email }],
        ['/api/auth/email/verification', { email: user.email }],
        ['/api/user/email', { email: someEmail(), password: PASSWORD }],
        ['/api/user/email/verification', {}],
      ] as const) {
        const refused = await client.post(path, { ...body, redirectTo }, { token });
        expect([path, redirectTo, outcome(refused)]).toEqual([path, redirectTo, '400 validation_failed']);
      }
    }
    expect(await target.database.query(count)).toEqual(before);
    expect((await client.get('/api/user', { token })).body.pendingEmail).toBeNull();
  });

  it('RST-11: of 10,000 links each has 256 random bits, and a dump of the table opens none', async () => {
    const { user } = await client.register();
    const links = target.app.get(OneTimeLinks);
    const subject = { id: user.id, address: user.email };
    const secrets: string[] = [];
    await target.database.transaction(async (manager) => {
      for (let n = 0; n < 10_000; n += 1) {
        const { link } = await links.issue('undo-email', subject, manager);
        secrets.push(String(link.searchParams.get('token')));
      }
    });
    expect(new Set(secrets).size).toBe(10_000);
    // Each of the 256 bits is set in about half of them.
    const ones = new Array<number>(256).fill(0);
    for (const secret of secrets) {
      const bytes = Buffer.from(secret, 'base64url');
      expect(bytes).toHaveLength(32);
      for (let bit = 0; bit < 256; bit += 1) ones[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1;
    }
    for (const count of ones) expect(Math.abs(count - 5_000)).toBeLessThan(350);
    const rows = await target.database.query<{ hash: string; row: string }[]>(
      `SELECT encode(token_hash, 'hex') AS hash, row_to_json(l)::text AS row FROM one_time_links l
       WHERE subject_id = $1 AND purpose = 'undo-email'`,
      [user.id],
    );
    const stored = new Set(rows.map(({ hash }) => hash));
    const dump = rows.map(({ row }) => row).join('\n');
    for (const secret of secrets.slice(0, 500)) {
      expect(stored.has(createHash('sha256').update(secret).digest('hex'))).toBe(true);
      expect(dump).not.toContain(secret);
    }
    for (const token of [...stored].slice(0, 3)) {
      expect(outcome(await client.post('/api/auth/email/undo', { token }))).toBe('422 link_invalid');
      const encoded = Buffer.from(token, 'hex').toString('base64url');
      expect(outcome(await client.post('/api/auth/email/undo', { token: encoded }))).toBe('422 link_invalid');
    }
    await target.database.query("DELETE FROM one_time_links WHERE purpose = 'undo-email'");
  });

  it('RST-18: what comes second does nothing before the first: undo, proof and reset that nobody asked for', async () => {
    const { user, token } = await client.register();
    const proof = await target.mailbox.newest(user.email, /Confirm/);
    for (const [path, body] of [
      ['/api/auth/password/reset', { token: proof.token, password: NEW_PASSWORD }],
      ['/api/auth/email/undo', { token: proof.token }],
      ['/api/auth/email/verify', { token: user.id }],
      ['/api/auth/email/verify', { token }],
    ] as const) {
      expect([path, outcome(await client.post(path, body))]).toEqual([path, '422 link_invalid']);
    }
    expect((await client.login(user.email)).body.user.emailVerified).toBe(false);
    // A reserved link is open to nobody before its letter is written.
    const links = target.app.get(OneTimeLinks);
    const subject = { id: user.id, address: user.email };
    const id = await links.reserve('undo-email', subject, target.database.manager);
    const [row] = await target.database.query('SELECT token_hash FROM one_time_links WHERE id = $1', [id]);
    for (const guess of [id, (row.token_hash as Buffer).toString('base64url')]) {
      expect(outcome(await client.post('/api/auth/email/undo', { token: guess }))).toBe('422 link_invalid');
    }
  });

  it('RST-19: GET and HEAD of each link and each POST route spend nothing', async () => {
    const { user, token } = await client.register();
    const proof = await target.mailbox.newest(user.email, /Confirm/);
    await client.post('/api/auth/password/forgot', { email: user.email });
    const reset = await target.mailbox.newest(user.email, /Choose/);
    await client.post('/api/user/email', { email: someEmail(), password: PASSWORD }, { token });
    const undo = await target.mailbox.newest(user.email, /about to change/);
    const open = 'SELECT id, token_hash FROM one_time_links WHERE subject_id = $1 ORDER BY id';
    const before = await target.database.query(open, [user.id]);
    const posts = target.routes.filter(({ method, path }) => method === 'POST' && !path.includes(':'));
    const paths = [
      ...posts.map(({ path }) => path),
      ...[proof, reset, undo].map(({ link }) => new URL(link).pathname),
    ];
    expect(paths.length).toBeGreaterThan(12);
    for (const path of paths) {
      for (const mail of [proof, reset, undo]) {
        const query = `?token=${mail.token}&password=${encodeURIComponent(NEW_PASSWORD)}`;
        for (const method of ['GET', 'HEAD']) {
          const { headers } = await client.request(method, path + query);
          expect(headers.getSetCookie(), path).toEqual([]);
        }
      }
    }
    expect(await target.database.query(open, [user.id])).toEqual(before);
    expect((await client.login(user.email)).body.user).toMatchObject({ emailVerified: false });
    const answers = [
      await client.post('/api/auth/email/verify', { token: proof.token }),
      await client.post('/api/auth/password/reset', { token: reset.token, password: NEW_PASSWORD }),
      await client.post('/api/auth/email/undo', { token: undo.token }),
    ];
    expect(answers.map(outcome)).toEqual(['204', '204', '204']);
  });

  it('RST-20: no page of ours tells where it was, or loads anything from elsewhere', async () => {
    const { user } = await client.register();
    const { token, link } = await target.mailbox.newest(user.email);
    const pages = [
      '/',
      '/docs',
      '/openapi.json',
      '/api/auth/email/verify',
      new URL(link).pathname,
      '/nowhere',
    ];
    for (const page of pages) {
      const { headers, body } = await client.get(`${page}?token=${token}`);
      expect([page, headers.get('referrer-policy')]).toEqual([page, 'no-referrer']);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy, page).toMatch(/default-src '(?:none|self)'/);
      expect(policy, page).not.toMatch(/https?:|\*/);
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      expect(text, page).not.toContain(token);
      for (const [, source] of text.matchAll(/(?:src|href)="((?:https?:)?\/\/[^"]+)"/g)) {
        expect(source, page).toBeUndefined();
      }
    }
    // Nor does a mail: what it loads is nothing, and where it leads is not told who sent people there.
    for (const { html } of await target.mailbox.all(user.email)) {
      expect(html).toContain('<meta name="referrer" content="no-referrer">');
      expect(html).not.toMatch(/<img|<script|<iframe|url\(|@import|<link/i);
    }
  });

  it('RST-15: a reset ends a sign-in that waits for its second factor, and one with a code of before', async () => {
    const { email, authenticator } = await enrol(target);
    const challenge = await beginSignIn(target, email);
    await client.post('/api/auth/password/forgot', { email });
    const { token } = await target.mailbox.newest(email, /Choose/);
    const body = { token, password: NEW_PASSWORD };
    expect(outcome(await client.post('/api/auth/password/reset', body))).toBe('204');
    const answered = await client.post('/api/auth/challenge', { id: challenge, code: authenticator.next() });
    expect(outcome(answered)).toBe('422 challenge_invalid');
  });

  it('RST-21: the mail of an account that is not verified goes to the stored address only', async () => {
    const { user } = await client.register();
    const [local, domain] = user.email.split('@');
    for (const email of [user.email.toUpperCase(), `${local}@${String(domain).toUpperCase()}`]) {
      expect((await client.post('/api/auth/password/forgot', { email })).status).toBe(202);
    }
    await target.mailbox.newest(user.email, /Choose/, 2);
    for (const email of [`${local}+x@${domain}`, `${local}@sub.${domain}`, `x${local}@${domain}`]) {
      await client.post('/api/auth/password/forgot', { email });
    }
    const waiting = "SELECT 1 FROM mail_outbox WHERE state = 'waiting'";
    await expect.poll(() => target.database.query(waiting)).toEqual([]);
    const resets = (await target.mailbox.all()).filter(
      ({ to, subject }) => /Choose/.test(subject) && to.toLowerCase().includes(String(local)),
    );
    expect(resets.map(({ to }) => to)).toEqual([user.email, user.email]);
  });

  it('HJK-02: whoever has a session on an address that its owner proves loses it with the reset, and every way back', async () => {
    const victim = someEmail('victim');
    const attacker = await client.register({ email: victim, password: 'the attackers password' });
    // A change that waits, to come back by later.
    const back = someEmail('back');
    const body = { email: back, password: 'the attackers password' };
    expect((await client.post('/api/user/email', body, { token: attacker.token })).status).toBe(202);
    const proof = await target.mailbox.newest(back, /Confirm your new/);
    await client.post('/api/auth/password/forgot', { email: victim });
    const { token } = await target.mailbox.newest(victim, /Choose/);
    expect(outcome(await client.post('/api/auth/password/reset', { token, password: NEW_PASSWORD }))).toBe(
      '204',
    );
    expect(outcome(await client.get('/api/user', { token: attacker.token }))).toBe('401 session_revoked');
    const refresh = await client.post('/api/auth/refresh', { refreshToken: attacker.refreshToken });
    expect(outcome(refresh)).toBe('401 session_revoked');
    expect(outcome(await client.post('/api/auth/email/verify', { token: proof.token }))).toBe(
      '422 link_invalid',
    );
    expect(outcome(await client.login(victim, 'the attackers password'))).toBe('401 invalid_credentials');
    expect((await client.login(victim, NEW_PASSWORD)).body.user).toMatchObject({
      email: victim,
      emailVerified: true,
      pendingEmail: null,
    });
  });
});
