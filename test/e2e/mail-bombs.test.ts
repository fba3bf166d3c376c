import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DomainEvents } from '../../src/events/domain-events.js';
import { BUDGETS } from '../../src/limits/budgets.js';
import { startApp, type TestApp } from '../support/app.js';
import { PASSWORD, someEmail } from '../support/client.js';
import { ClientFrom, LOCAL_PROXY } from '../support/client-from.js';

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
    const waiting = "SELECT letter FROM mail_outbox WHERE state = 'waiting'";
    await expect.poll(() => app.database.query(waiting), { timeout: 15_000 }).toEqual([]);
    return (await app.mailbox.all(email)).length;
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
    // Besides the link that the registration itself has mailed.
    expect(await mailsTo(victim)).toBe(MOST + 1);
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

  it('while people who have proven their address are always told (ML-03)', async () => {
    const client = new ClientFrom(target);
    const { user } = await client.register();
    const { token } = await target.mailbox.newest(user.email);
    expect((await client.post('/api/auth/email/verify', { token })).status).toBe(204);
    const event = { type: 'password.changed', userId: user.id, exceptSid: user.id } as const;
    for (let turn = 0; turn < TRIES; turn += 1) {
      await target.database.transaction((manager) => target.app.get(DomainEvents).publish(event, manager));
    }
    expect(await mailsTo(user.email)).toBe(TRIES + 1);
  });
});
