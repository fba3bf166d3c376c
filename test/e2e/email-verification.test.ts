import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DomainEvents } from '../../src/events/domain-events.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';

const VERIFY = '/api/auth/email/verify';
const ASK = '/api/auth/email/verification';
const ASK_SIGNED_IN = '/api/user/email/verification';
const REDIRECT_URL = 'https://welcome.example.com/';

describe('proving an address', () => {
  let target: TestApp;
  let client: Client;
  const verified: string[] = [];

  beforeAll(async () => {
    target = await startApp({ REDIRECT_URLS: REDIRECT_URL });
    client = new Client(target);
    target.app.get(DomainEvents).on('user.verified', ({ userId }) => void verified.push(userId));
  });
  afterAll(() => target.close());

  const prove = (token: string, bearer?: string): Promise<Answer> =>
    client.post(VERIFY, { token }, { token: bearer });

  async function newestLink(email: string, count = 1): Promise<string> {
    return (await target.mailbox.newest(email, /Confirm your e-mail/, count)).token;
  }

  async function lettersAbout(email: string, userId = ''): Promise<number> {
    const [row] = await target.database.query<{ count: number }[]>(
      "SELECT count(*)::int AS count FROM mail_outbox WHERE data ->> 'email' = $1 OR data ->> 'userId' = $2",
      [email, userId],
    );
    return row?.count ?? NaN;
  }

  it('EV-04, EV-05: proves once, opens no session, and says so in one event', async () => {
    const { user, token } = await client.register();
    const link = await newestLink(user.email);
    const answer = await prove(link);
    expect([answer.status, answer.body, answer.headers.getSetCookie()]).toEqual([204, undefined, []]);
    expect((await client.get('/api/user', { token })).body.emailVerified).toBe(true);
    const again = await prove(link);
    expect([again.status, again.body.code]).toEqual([422, 'link_invalid']);
    expect(verified.filter((id) => id === user.id)).toHaveLength(1);
  });

  it('EV-05: of 20 clicks at once a single one counts', async () => {
    const { user } = await client.register();
    const link = await newestLink(user.email);
    const answers = await Promise.all(Array.from({ length: 20 }, () => prove(link)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ body }) => body?.code === 'link_invalid')).toHaveLength(19);
    expect(verified.filter((id) => id === user.id)).toHaveLength(1);
  });

  it("HJK-10: the victim's link in the attacker's session proves the victim's address only, and the reverse", async () => {
    const [attacker, victim] = [await client.register(), await client.register()];
    const [attackers, victims] = [await newestLink(attacker.user.email), await newestLink(victim.user.email)];
    const self = async (token: string): Promise<Answer['body']> =>
      (await client.get('/api/auth/session', { token })).body.user;

    expect((await prove(victims, attacker.token)).status).toBe(204);
    expect(await self(attacker.token)).toMatchObject({ id: attacker.user.id, emailVerified: false });
    expect(await self(victim.token)).toMatchObject({ id: victim.user.id, emailVerified: true });
    expect((await prove(attackers, victim.token)).status).toBe(204);
    expect(await self(attacker.token)).toMatchObject({ id: attacker.user.id, emailVerified: true });
    expect(await self(victim.token)).toMatchObject({ id: victim.user.id, emailVerified: true });
  });

  it('EV-04, RST-19: GET and HEAD prove nothing and spend nothing', async () => {
    const { user, token } = await client.register();
    const link = await newestLink(user.email);
    for (const method of ['GET', 'HEAD']) {
      expect((await client.request(method, `${VERIFY}?token=${link}`)).status).toBe(404);
      expect((await client.request(method, `/verify-email?token=${link}`)).status).toBe(404);
    }
    expect((await client.get('/api/user', { token })).body.emailVerified).toBe(false);
    expect((await prove(link)).status).toBe(204);
  });

  it('EV-03: a link is good for 60 minutes, by the clock of the database', async () => {
    const { user } = await client.register();
    const link = await newestLink(user.email);
    const [row] = await target.database.query<{ minutes: number }[]>(
      'SELECT round(extract(epoch FROM expires_at - now()) / 60)::int AS minutes FROM one_time_links WHERE subject_id = $1',
      [user.id],
    );
    expect(row?.minutes).toBe(60);
    const expire = "UPDATE one_time_links SET expires_at = now() - interval '1 s' WHERE subject_id = $1";
    await target.database.query(expire, [user.id]);
    expect((await prove(link)).body.code).toBe('link_invalid');
  });

  it('EV-01: whoever is signed in may ask again, and the newer link kills the older', async () => {
    const { user, token } = await client.register();
    const older = await newestLink(user.email);
    const answer = await client.post(ASK_SIGNED_IN, {}, { token });
    expect([answer.status, answer.body]).toEqual([202, undefined]);
    const newer = await newestLink(user.email, 2);
    expect((await prove(older)).body.code).toBe('link_invalid');
    expect((await prove(newer)).status).toBe(204);
  });

  it('EV-01: needs no body, and no mail goes out once the address is proven', async () => {
    const { user, token } = await client.register();
    expect((await client.post(ASK_SIGNED_IN, undefined, { token })).status).toBe(202);
    await prove(await newestLink(user.email, 2));
    const before = await lettersAbout(user.email, user.id);
    expect((await client.post(ASK_SIGNED_IN, undefined, { token })).status).toBe(202);
    expect(await lettersAbout(user.email, user.id)).toBe(before);
    expect((await client.post(ASK_SIGNED_IN)).body.code).toBe('token_missing');
  });

  it('EV-02, ENUM-06: existing, unknown and verified addresses get the same answer; one gets a mail', async () => {
    const [unproven, proven] = [await client.register(), await client.register()];
    await newestLink(unproven.user.email);
    await prove(await newestLink(proven.user.email));
    const emails = [unproven.user.email, proven.user.email, someEmail('unknown')];
    const answers = await Promise.all(emails.map((email) => client.post(ASK, { email })));
    const shown = answers.map(({ status, body, headers }) => {
      const { date: _, ...rest } = Object.fromEntries(headers);
      return { status, body, headers: rest };
    });
    expect(shown[0]).toMatchObject({ status: 202, body: undefined });
    expect(shown[1]).toEqual(shown[0]);
    expect(shown[2]).toEqual(shown[0]);
    // The same work for each: one row, read by the mail worker.
    expect(await Promise.all(emails.map((email) => lettersAbout(email)))).toEqual([1, 1, 1]);
    await newestLink(unproven.user.email, 2);
    const sql = "SELECT count(*)::int AS count FROM mail_outbox WHERE state = 'waiting'";
    await expect.poll(() => target.database.query(sql)).toEqual([{ count: 0 }]);
    expect(await target.mailbox.all(emails[2])).toEqual([]);
    expect(await target.mailbox.all(emails[1])).toHaveLength(1);
  });

  it('EV-07: the link leads to an allowed `redirectTo`', async () => {
    const { user } = await client.register();
    // Two letters that wait at once may be sent in any order.
    await target.mailbox.newest(user.email, /Confirm/);
    await client.post(ASK, { email: user.email, redirectTo: REDIRECT_URL });
    const { link, token } = await target.mailbox.newest(user.email, /Confirm/, 2);
    expect(link).toBe(`${new URL(REDIRECT_URL).href}?token=${token}`);
  });

  it('EV-07: any other is refused', async () => {
    const { user, token } = await client.register();
    const body = { redirectTo: `${REDIRECT_URL}.evil.test` };
    expect((await client.post(ASK_SIGNED_IN, body, { token })).body.errors[0].field).toBe('redirectTo');
    expect((await client.post(ASK, { email: user.email, ...body })).body.errors[0].field).toBe('redirectTo');
  });

  it('EV-03: the link of one address proves no other', async () => {
    const { user, token } = await client.register();
    const old = await newestLink(user.email);
    const email = someEmail('new');
    await client.post('/api/user/email', { email, password: PASSWORD }, { token });
    expect((await prove((await target.mailbox.newest(email)).token)).status).toBe(204);
    expect((await prove(old)).body.code).toBe('link_invalid');
    expect((await client.get('/api/user', { token })).body).toMatchObject({ email, emailVerified: true });
  });
});

describe('asking for the link, at the pace of the contract', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp({ RATE_LIMIT: 'on' });
    client = new Client(target);
  });
  afterAll(() => target.close());

  it('EV-01: once a minute and person, else 429', async () => {
    const { user, token } = await client.register();
    expect((await client.post(ASK_SIGNED_IN, {}, { token })).status).toBe(202);
    const early = await client.post(ASK_SIGNED_IN, {}, { token });
    expect([early.status, early.body.code]).toEqual([429, 'too_many_requests']);
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    const limits = ['limit', 'remaining', 'reset'].map((name) => early.headers.get(`ratelimit-${name}`));
    expect(limits).toEqual(['1', '0', '60']);
    await target.mailbox.newest(user.email, /Confirm/, 2);
    await target.database.query("UPDATE mail_outbox SET created_at = created_at - interval '61 s'");
    expect((await client.post(ASK_SIGNED_IN, {}, { token })).status).toBe(202);
    await target.mailbox.newest(user.email, /Confirm/, 3);
  });

  it('EV-02: once a minute and address, silently', async () => {
    const { user } = await client.register();
    await target.mailbox.newest(user.email, /Confirm/);
    const spellings = [user.email, user.email.toUpperCase(), user.email];
    const answers = await Promise.all(spellings.map((email) => client.post(ASK, { email })));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    await target.mailbox.newest(user.email, /Confirm/, 2);
    const [row] = await target.database.query<{ count: number }[]>(
      "SELECT count(*)::int AS count FROM mail_outbox WHERE letter = 'verification-request'",
    );
    expect(row?.count).toBe(1);
  });
});
