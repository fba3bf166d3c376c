import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DomainEvents } from '../../src/events/domain-events.js';
import { BUDGETS } from '../../src/limits/budgets.js';
import { startApp, type TestApp } from '../support/app.js';
import { PASSWORD, someEmail } from '../support/client.js';
import { ClientFrom, LOCAL_PROXY } from '../support/client-from.js';
import { SmtpTestServer } from '../support/smtp.js';

const MOST = BUDGETS['mails-to'].points;
const TRIES = MOST + 4;

describe('RST-17: somebody who did not ask gets ten mails a day, and no more', () => {
  let target: TestApp;
  const apps: TestApp[] = [];

  async function start(environment: Record<string, string> = {}): Promise<TestApp> {
    const app = await startApp({ RATE_LIMIT: 'on', TRUSTED_PROXIES: LOCAL_PROXY, ...environment });
    apps.push(app);
    return app;
  }

  beforeAll(async () => {
    target = await start();
  });
  afterEach(async () => {
    for (const app of apps.splice(1)) await app.close();
  });
  afterAll(() => target.close());

  /** How many mails somebody has got, once nothing waits any more. */
  async function mailsTo(email: string, app = target): Promise<number> {
    await settled(app);
    return (await app.mailbox.all(email)).length;
  }

  async function settled(app = target): Promise<void> {
    const waiting = "SELECT letter FROM mail_outbox WHERE state = 'waiting'";
    await expect.poll(() => app.database.query(waiting), { timeout: 15_000, interval: 10 }).toEqual([]);
  }

  /** As if a minute had gone by since each mail that somebody asked for. */
  async function nextMinute(app = target): Promise<void> {
    await app.database.query("UPDATE mail_outbox SET created_at = created_at - interval '61 s'");
  }

  async function ask(path: string, email: string, app = target): Promise<void> {
    await nextMinute(app);
    expect((await new ClientFrom(app).post(path, { email })).status).toBe(202);
    await settled(app);
  }

  const forgot = (email: string): Promise<void> => ask('/api/auth/password/forgot', email);

  async function someoneProven(): Promise<string> {
    const client = new ClientFrom(target);
    const { user } = await client.register();
    const { token } = await target.mailbox.newest(user.email);
    expect((await client.post('/api/auth/email/verify', { token })).status).toBe(204);
    return user.email;
  }

  async function change(client: ClientFrom, token: string, email: string): Promise<void> {
    const answer = await client.post('/api/user/email', { email, password: PASSWORD }, { token });
    expect(answer.status).toBe(202);
  }

  it('from people who change their address to theirs, again and again', async () => {
    const victim = someEmail('victim');
    for (let n = 0; n < 2; n += 1) {
      const client = new ClientFrom(target);
      const { token } = await client.register();
      for (let turn = 0; turn < TRIES / 2; turn += 1) await change(client, token, victim);
    }
    expect(await mailsTo(victim)).toBe(MOST);
  });

  it('nor from one who has an account with their address, and changes it', async () => {
    const victim = someEmail('victim');
    const client = new ClientFrom(target);
    const { token } = await client.register({ email: victim });
    for (let turn = 0; turn < TRIES; turn += 1) await change(client, token, someEmail('other'));
    expect(await mailsTo(victim)).toBe(MOST);
  });

  it('BRF-16: and who changes their address to one stranger’s after the other reaches thirty an hour', async () => {
    const client = new ClientFrom(target);
    const { token, user } = await client.register();
    const { points } = BUDGETS['mails-from'];
    for (let turn = 0; turn < points; turn += 1) await change(client, token, someEmail('stranger'));
    const stranger = someEmail('stranger');
    const more = { email: stranger, password: PASSWORD };
    const refused = await client.post('/api/user/email', more, { token });
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    expect(await mailsTo(stranger)).toBe(0);
    const { body } = await client.get('/api/user', { token });
    expect(body).toMatchObject({ email: user.email });
    expect(body.pendingEmail).not.toBe(stranger);
  });

  it('nor from people who register with it, or with one that has an account', async () => {
    const app = await start({ REGISTRATION: 'verified' });
    const [victim, owner] = [someEmail('victim'), someEmail('owner')];
    const register = (email: string): Promise<unknown> =>
      new ClientFrom(app).post('/api/auth/register', { email, password: PASSWORD });
    await register(owner);
    const { token } = await app.mailbox.newest(owner);
    expect((await new ClientFrom(app).post('/api/auth/email/verify', { token })).status).toBe(204);
    for (let turn = 0; turn < TRIES; turn += 1) await Promise.all([register(victim), register(owner)]);
    expect(await mailsTo(victim, app)).toBe(MOST);
    expect(await mailsTo(owner, app)).toBe(MOST);
  });

  it('nor from people who register with it where that makes an account at once, and leave again', async () => {
    const app = await start({ SOFT_DELETE: 'false' });
    const victim = someEmail('victim');
    for (let turn = 0; turn < TRIES; turn += 1) {
      const client = new ClientFrom(app);
      const { token } = await client.register({ email: victim });
      expect((await client.delete('/api/user', { password: PASSWORD }, { token })).status).toBe(204);
    }
    expect(await mailsTo(victim, app)).toBe(MOST);
  });

  it('nor from one who asks for the link to an address of theirs, and then makes it the victim’s', async () => {
    const server = await new SmtpTestServer().start();
    const app = await start({ SMTP_URL: server.url });
    const [victim, own] = [someEmail('victim'), someEmail('own')];
    const client = new ClientFrom(app);
    const { token } = await client.register();
    await change(client, token, own);
    await server.mailTo(own);
    server.deferred.add(own);
    expect((await client.post('/api/user/email/verification', {}, { token })).status).toBe(202);
    const postponed = "SELECT letter FROM mail_outbox WHERE state = 'waiting' AND last_error IS NOT NULL";
    await expect.poll(() => app.database.query(postponed)).toEqual([{ letter: 'change-email' }]);
    await change(client, token, victim);
    await server.mailTo(victim);
    await app.database.query('UPDATE mail_outbox SET next_attempt_at = now()');
    await settled(app);
    const got = server.received.filter(({ recipients }) => recipients.includes(victim));
    expect(got).toHaveLength(1);
    await server.stop();
  });

  it('RST-17: and none of it costs anything where no mail goes out', async () => {
    const app = await start({ REGISTRATION: 'verified' });
    const owner = someEmail('owner');
    for (let turn = 0; turn < TRIES; turn += 1) await ask('/api/auth/email/verification', owner, app);
    await new ClientFrom(app).post('/api/auth/register', { email: owner, password: PASSWORD });
    expect(await mailsTo(owner, app)).toBe(1);
  });

  it('nor from people who ask again and again that they prove their address', async () => {
    const { user } = await new ClientFrom(target).register();
    for (let turn = 0; turn < TRIES; turn += 1) await ask('/api/auth/email/verification', user.email);
    expect(await mailsTo(user.email)).toBe(MOST);
  });

  it.each([
    ['asks again and again that they prove it', '/api/auth/email/verification'],
    ['makes mails to it in any other way', ''],
  ])('RST-17: who %s holds up nobody’s reset', async (_what, path) => {
    const victim = await someoneProven();
    const client = new ClientFrom(target);
    const { token } = await client.register();
    for (let turn = 0; turn < TRIES; turn += 1) {
      if (path === '') await change(client, token, victim);
      else await ask(path, victim);
    }
    await forgot(victim);
    await target.mailbox.newest(victim, /Choose/);
  });

  it('RST-17: nor does who asks for resets: after ten a day one an hour is sent, and the newest works', async () => {
    const victim = await someoneProven();
    const sent = async (): Promise<number> => (await mailsTo(victim)) - 1;
    for (let turn = 0; turn < TRIES; turn += 1) await forgot(victim);
    expect(await sent()).toBe(BUDGETS['resets-to'].points + 1);
    const pass = "UPDATE limits SET expires_at = now() - interval '1 s' WHERE key LIKE 'late-resets-to:%'";
    await target.database.query(pass);
    for (let turn = 0; turn < 3; turn += 1) await forgot(victim);
    expect(await sent()).toBe(BUDGETS['resets-to'].points + 2);
    const { token } = await target.mailbox.newest(victim, /Choose/);
    const reset = { token, password: 'another horse battery' };
    expect((await new ClientFrom(target).post('/api/auth/password/reset', reset)).status).toBe(204);
  });

  it('while people who have proven their address are always told (ML-03)', async () => {
    const email = await someoneProven();
    const [{ id }] = await target.database.query('SELECT id FROM users WHERE email = $1', [email]);
    const event = { type: 'password.changed', userId: id, exceptSid: id } as const;
    for (let turn = 0; turn < TRIES; turn += 1) {
      await target.database.transaction((manager) => target.app.get(DomainEvents).publish(event, manager));
    }
    expect(await mailsTo(email)).toBe(TRIES + 1);
  });
});
