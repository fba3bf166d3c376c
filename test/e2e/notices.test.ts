import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInContext } from '../../src/common/request-context.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD, someEmail } from '../support/client.js';
import { decodeToken } from '../support/forge.js';
import type { Mail } from '../support/mailbox.js';

const AGENT = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0';
const HERE = { headers: { 'user-agent': AGENT } };
const NEW_PASSWORD = 'an entirely new password';

describe('ML-03: security notices', () => {
  let target: TestApp;
  let hard: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp();
    hard = await startApp({ SOFT_DELETE: 'false' });
    client = new Client(target);
  });
  afterAll(async () => {
    await target.close();
    await hard.close();
  });

  /** What a notice says of when and whence. */
  function expectWhence({ text, html }: Mail): void {
    for (const form of [text, html]) {
      expect(form).toMatch(/When: \w+ \d+, \d{4} at \d+:\d\d [AP]M UTC/);
      expect(form).toContain('Browser: Firefox 145');
      expect(form).toContain('System: macOS');
      expect(form).toContain('Address: 127.0.0.1');
    }
  }

  async function changeAddress(token: string, email: string): Promise<void> {
    const answer = await client.post('/api/user/email', { email, password: PASSWORD }, { token, ...HERE });
    expect(answer.status).toBe(202);
    const proof = await target.mailbox.newest(email, /Confirm your new/);
    expect((await client.post('/api/auth/email/verify', { token: proof.token }, HERE)).status).toBe(204);
  }

  it('tell of a changed password when and from where it was changed', async () => {
    const { user, token } = await client.register();
    const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    expect((await client.post('/api/user/password', body, { token, ...HERE })).status).toBe(204);
    expectWhence(await target.mailbox.newest(user.email, /^Your password was changed$/));
  });

  it('tell of a reset password, in words of its own', async () => {
    const { user } = await client.register();
    await client.post('/api/auth/password/forgot', { email: user.email });
    const { token } = await target.mailbox.newest(user.email, /Choose/);
    await client.post('/api/auth/password/reset', { token, password: NEW_PASSWORD }, HERE);
    const notice = await target.mailbox.newest(user.email, /^Your password was reset$/);
    expectWhence(notice);
    expect(notice.text).toContain('secure your mailbox');
    expect(notice.link).toBe('');
    const subjects = (await target.mailbox.all(user.email)).map(({ subject }) => subject);
    expect(subjects).not.toContain('Your password was changed');
  });

  it('tell the old address of a change when it is asked for and when it is made, each with a link back', async () => {
    const { user, token } = await client.register();
    const email = someEmail('new');
    await changeAddress(token, email);
    const asked = await target.mailbox.newest(user.email, /about to change/);
    const made = await target.mailbox.newest(user.email, /was changed$/);
    for (const notice of [asked, made]) {
      expectWhence(notice);
      expect(notice.text).toContain(`from ${user.email} to ${email}.`);
      expect(notice.text).toContain('7 days');
    }
    expect(made.token).not.toBe(asked.token);
    expect((await client.post('/api/auth/email/undo', { token: made.token }, HERE)).status).toBe(204);
    expect((await client.login(user.email)).status).toBe(200);
  });

  it('tell the address that a change is undone for', async () => {
    const { user, token } = await client.register();
    const email = someEmail('new');
    await changeAddress(token, email);
    const { token: undo } = await target.mailbox.newest(user.email, /was changed$/);
    await client.post('/api/auth/email/undo', { token: undo }, HERE);
    const notice = await target.mailbox.newest(email, /was undone/);
    expectWhence(notice);
    expect(notice.text).toContain(`is ${user.email} again, and no longer ${email}`);
    expect(notice.link).toBe('');
  });

  it('tell of a stolen session whence it was used', async () => {
    const { user, refreshToken: first } = await client.register();
    let refreshToken = first;
    for (let n = 0; n < 2; n += 1) {
      ({ refreshToken } = (await client.post('/api/auth/refresh', { refreshToken })).body);
      await target.database.query(
        "UPDATE sessions SET rotated_at = rotated_at - interval '1 min' WHERE user_id = $1",
        [user.id],
      );
    }
    await client.post('/api/auth/refresh', { refreshToken: first }, HERE);
    expectWhence(await target.mailbox.newest(user.email, /ended one of your sessions/));
  });

  it('tell of a ban, until when, and nothing of who did it and why', async () => {
    const { user } = await client.register();
    const admin = await client.register();
    const principal = { user: admin.user, session: { id: String(decodeToken(admin.token).payload.sid) } };
    const context = { requestId: 'ban', ip: '198.51.100.7', userAgent: AGENT, principal };
    await runInContext(context, () => target.app.get(UsersService).ban(user.id, 'a reason of ours'));
    const { text, html } = await target.mailbox.newest(user.email, /was blocked/);
    expect(text).toMatch(/by those who run it\. Nobody can sign in to it.*\n\nWhen: /);
    for (const form of [text, html]) expect(form).not.toMatch(/reason of ours|198\.51|Firefox|Address:/);

    const until = new Date('2031-02-03T04:05:06Z');
    const event = { type: 'user.banned', userId: user.id, reason: null, until } as const;
    await target.database.transaction((manager) => target.app.get(DomainEvents).publish(event, manager));
    const limited = await target.mailbox.newest(user.email, /was blocked/, 2);
    expect(limited.text).toContain('who run it, until February 3, 2031 at 4:05 AM UTC.');
  });

  it.each(['softly', 'for good'])('tell of an account that was deleted %s', async (how) => {
    const app = how === 'softly' ? target : hard;
    const caller = new Client(app);
    const { user, token } = await caller.register({ firstName: 'Ada' });
    await caller.delete('/api/user', { password: PASSWORD }, { token, ...HERE });
    const notice = await app.mailbox.newest(user.email, /was deleted/);
    expectWhence(notice);
    expect(notice.text).toContain('Hello Ada,');
    const rows = await app.database.query('SELECT id FROM users WHERE id = $1', [user.id]);
    expect(rows).toHaveLength(how === 'softly' ? 1 : 0);
    // What was needed to tell them is not kept.
    const sent = "SELECT data FROM mail_outbox WHERE letter = 'account-deleted' AND state = 'done'";
    await expect
      .poll(() => app.database.query(sent))
      .toEqual([{ data: { uninvited: true, variables: {}, dates: {} } }]);
  });

  it('are not sent for a change that is rolled back', async () => {
    const { user } = await client.register();
    const failing = target.database.transaction(async (manager) => {
      await target.app.get(UsersService).deleteWithin(manager, user.id);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const queued = "SELECT 1 FROM mail_outbox WHERE data->'person'->>'id' = $1";
    expect(await target.database.query(queued, [user.id])).toEqual([]);
  });

  it('INJ-16: an odd user agent is text of no consequence', async () => {
    const { user, token } = await client.register();
    const agent = '<a href="http://evil.test">x</a> Chrome/99.evil.test/http://evil.test (https://evil.test)';
    const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    await client.post('/api/user/password', body, { token, headers: { 'user-agent': agent } });
    const { text, html } = await target.mailbox.newest(user.email, /password was changed/);
    for (const form of [text, html]) expect(form).not.toMatch(/evil\.test/);
  });
});
