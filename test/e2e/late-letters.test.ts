import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { SmtpTestServer, tokenIn } from '../support/smtp.js';

/** Who runs the mail server of an address decides when its letters come: up to two days late. */
describe('a letter that its own mail server puts off', () => {
  let smtp: SmtpTestServer;
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    smtp = await new SmtpTestServer().start();
    target = await startApp({ SMTP_URL: smtp.url });
    client = new Client(target);
  });
  afterAll(async () => {
    await target.close();
    await smtp.stop();
  });

  const prove = (token: string): Promise<Answer> => client.post('/api/auth/email/verify', { token });
  const undo = (token: string): Promise<Answer> => client.post('/api/auth/email/undo', { token });
  const outcome = ({ status, body }: Answer): string => `${status} ${body?.code ?? ''}`.trim();

  async function linkTo(email: string, subject: RegExp): Promise<string> {
    return tokenIn(await smtp.mailTo(email, (mail) => subject.test(mail.subject ?? '')));
  }

  /** Waits until a letter to the address was tried, and put off. */
  async function tried(letter: string, userId: string): Promise<void> {
    const sql = `SELECT 1 FROM mail_outbox WHERE letter = $1 AND data->>'userId' = $2
      AND attempts > 0 AND leased_until IS NULL AND state = 'waiting'`;
    await expect.poll(() => target.database.query(sql, [letter, userId])).toHaveLength(1);
  }

  /** The mail server takes everything again. */
  async function relent(email: string): Promise<void> {
    smtp.deferred.delete(email);
    await target.database.query("UPDATE mail_outbox SET next_attempt_at = now() WHERE state = 'waiting'");
    await expect
      .poll(() => target.database.query("SELECT letter FROM mail_outbox WHERE state = 'waiting'"))
      .toEqual([]);
  }

  async function changed(token: string, email: string): Promise<void> {
    await client.post('/api/user/email', { email, password: PASSWORD }, { token });
    expect(outcome(await prove(await linkTo(email, /Confirm your new/)))).toBe('204');
  }

  async function verified(): Promise<{ id: string; email: string; token: string }> {
    const { user, token } = await client.register();
    await prove(await linkTo(user.email, /Confirm your e-mail/));
    return { id: user.id, email: user.email, token };
  }

  it("HJK-07: brings no undo link of a thief's, once the owner has undone the change", async () => {
    const { id, email, token } = await verified();
    const thief = someEmail('thief');
    await changed(token, thief);
    const owners = await linkTo(email, /was changed/);
    // The thief goes on to a further address, and keeps the letter to this one waiting.
    smtp.deferred.add(thief);
    await client.post('/api/user/email', { email: someEmail('further'), password: PASSWORD }, { token });
    await tried('email-change-requested', id);
    expect(outcome(await undo(owners))).toBe('204');
    smtp.clear();
    await relent(thief);
    const late = smtp.received.filter(({ recipients }) => recipients.includes(thief));
    expect(late.map(({ mail }) => mail.subject)).toEqual(['A change of your e-mail address was undone']);
    expect((await client.login(email)).body.user).toMatchObject({ id, email, pendingEmail: null });
  });

  it('HJK-07: still brings the undo link of the owner, whom a thief has tried to get ahead of', async () => {
    const { id, email, token } = await verified();
    const [thief, further] = [someEmail('thief'), someEmail('further')];
    smtp.deferred.add(email);
    await changed(token, thief);
    await changed(token, further);
    await tried('email-changed', id);
    // Taking an address of their own back ends nothing of the owner's.
    expect(outcome(await undo(await linkTo(thief, /was changed/)))).toBe('204');
    await relent(email);
    expect(outcome(await undo(await linkTo(email, /was changed/)))).toBe('204');
    expect((await client.login(email)).body.user).toMatchObject({ id, email });
  });

  it('HJK-07: brings it also when the account was deleted meanwhile', async () => {
    const { id, email, token } = await verified();
    smtp.deferred.add(email);
    await changed(token, someEmail('thief'));
    await tried('email-changed', id);
    await client.delete('/api/user', { password: PASSWORD }, { token });
    await relent(email);
    expect(outcome(await undo(await linkTo(email, /was changed/)))).toBe('204');
  });

  it('HJK-07: the old address has seven days from the change itself, however late that was made', async () => {
    const { id, email, token } = await verified();
    const thief = someEmail('thief');
    await client.post('/api/user/email', { email: thief, password: PASSWORD }, { token });
    const early = await linkTo(email, /about to change/);
    await linkTo(thief, /Confirm your new/);
    // Eight days of asking for the link again.
    const pass =
      "UPDATE one_time_links SET expires_at = expires_at - interval '8 days' WHERE subject_id = $1";
    await target.database.query(pass, [id]);
    smtp.clear();
    await client.post('/api/user/email/verification', {}, { token });
    expect(outcome(await prove(await linkTo(thief, /Confirm your new/)))).toBe('204');
    expect(outcome(await undo(early))).toBe('422 link_invalid');
    expect(outcome(await undo(await linkTo(email, /was changed/)))).toBe('204');
    expect((await client.login(email)).body.user).toMatchObject({ id, email });
  });

  it('RST-08: brings no way to set a password for somebody who has the address no more', async () => {
    const { id, email, token } = await verified();
    smtp.deferred.add(email);
    await client.post('/api/auth/password/forgot', { email });
    const waits =
      "SELECT 1 FROM mail_outbox WHERE letter = 'reset-password' AND attempts > 0 AND leased_until IS NULL";
    await expect.poll(() => target.database.query(waits)).toHaveLength(1);
    const next = someEmail('next');
    await changed(token, next);
    smtp.clear();
    await relent(email);
    expect(smtp.received.map(({ mail }) => mail.subject)).not.toContain('Choose a new password');
    expect((await client.login(next)).body.user.id).toBe(id);
  });

  it('RG-03: tells the owner of an address that somebody registers, at the second attempt, too', async () => {
    const verifiedOnly = await startApp({ SMTP_URL: smtp.url, REGISTRATION: 'verified' });
    const caller = new Client(verifiedOnly);
    try {
      const body = { email: someEmail('owner'), password: PASSWORD };
      await caller.post('/api/auth/register', body);
      const token = await linkTo(body.email, /Finish/);
      expect(outcome(await caller.post('/api/auth/email/verify', { token }))).toBe('204');
      smtp.deferred.add(body.email);
      await caller.post('/api/auth/register', { ...body, password: 'the password of a stranger' });
      const sql =
        "SELECT 1 FROM mail_outbox WHERE state = 'waiting' AND attempts = 1 AND leased_until IS NULL";
      await expect.poll(() => verifiedOnly.database.query(sql)).toHaveLength(1);
      smtp.deferred.delete(body.email);
      await verifiedOnly.database.query(
        "UPDATE mail_outbox SET next_attempt_at = now() WHERE state = 'waiting'",
      );
      await smtp.mailTo(body.email, ({ subject }) => /already have an account/.test(subject ?? ''));
      expect((await caller.login(body.email)).status).toBe(200);
      expect((await caller.login(body.email, 'the password of a stranger')).status).toBe(401);
    } finally {
      await verifiedOnly.close();
    }
  });
});
