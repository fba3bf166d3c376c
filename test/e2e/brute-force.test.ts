import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { BUDGETS } from '../../src/limits/budgets.js';
import { PasswordHasher } from '../../src/passwords/password-hasher.js';
import { startApp, type TestApp } from '../support/app.js';
import { enrol } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { CHROME, ClientFrom, FIREFOX, LOCAL_PROXY, someAddress } from '../support/client-from.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { median } from '../support/median.js';
import { beginSignIn } from '../support/people.js';

const WRONG = 'wrong horse battery';
const HERE = BUDGETS['login-here'].points;
const LOGIN = BUDGETS.login.points;
const IN_A_ROW = BUDGETS['login-in-a-row'].points;
const NETWORK = BUDGETS['network-passwords'].points;

const CRED = { status: 401, body: { code: 'invalid_credentials' } };
const LIM = { status: 429, body: { code: 'too_many_requests' } };
const LOCKED = { status: 429, body: { code: 'account_locked' } };

/** Wrong passwords for one login, each from another network unless `from` says. */
async function guess(target: TestApp, login: string, times: number, from?: ClientFrom): Promise<Answer[]> {
  const answers = [];
  for (let turn = 0; turn < times; turn += 1) {
    answers.push(await (from ?? new ClientFrom(target)).login(login, WRONG));
  }
  return answers;
}

/** As if the windows of these budgets were over. */
async function letPass(target: TestApp, ...budgets: (keyof typeof BUDGETS)[]): Promise<void> {
  const sql = "UPDATE limits SET expires_at = now() - interval '1 s' WHERE split_part(key, ':', 1) = ANY($1)";
  await target.database.query(sql, [budgets]);
}

async function someone(
  target: TestApp,
  client = new ClientFrom(target),
): Promise<{ id: string; email: string; username: string; bundle: Answer['body'] }> {
  const email = someEmail();
  const username = email.split('@', 1)[0]?.replace('.', '-') ?? '';
  const bundle = await client.register({ email, username });
  return { id: bundle.user.id, email, username, bundle };
}

/** All that a client sees of an answer, save what differs from request to request. */
function visible({ status, headers, body }: Answer): object {
  const kept = [...headers].filter(
    ([name]) => !['date', 'connection', 'keep-alive', 'retry-after', 'ratelimit-reset'].includes(name),
  );
  const { requestId: _, ...rest } = body;
  return { status, headers: kept, body: rest };
}

describe.each(['PostgreSQL', 'Redis'])('guessing passwords, counted by %s', (store) => {
  let target: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    const environment = {
      RATE_LIMIT: 'on',
      TRUSTED_PROXIES: LOCAL_PROXY,
      ...(store === 'Redis' && { REDIS_URL: inject('redisUrl') }),
    };
    target = await startApp(environment);
    replica = await startApp(environment, target);
  });
  afterAll(async () => {
    await replica.close();
    await target.close();
  });

  it('BRF-01 five wrong passwords, then none from there for a minute, whichever replica is asked', async () => {
    const { email } = await someone(target);
    const address = someAddress();
    const [here, beside] = [new ClientFrom(target, address), new ClientFrom(replica, address)];
    for (let turn = 0; turn < HERE; turn += 1) {
      expect(await (turn % 2 ? here : beside).login(email, WRONG)).toMatchObject(CRED);
    }
    for (const client of [here, beside, here]) {
      const refused = await client.login(email, PASSWORD);
      expect(refused).toMatchObject(LIM);
      const header = (name: string): number => Number(refused.headers.get(name));
      expect(header('retry-after')).toBeGreaterThan(30);
      expect(header('retry-after')).toBeLessThanOrEqual(60);
      expect(header('ratelimit-reset')).toBe(header('retry-after'));
      expect([header('ratelimit-limit'), header('ratelimit-remaining')]).toEqual([HERE, 0]);
    }
    expect((await new ClientFrom(replica).login(email)).status).toBe(200);
    // Others from there are not affected.
    const other = await someone(target);
    expect((await here.login(other.email)).status).toBe(200);
  });

  it('BRF-01 of many at once no more than five get to compare', async () => {
    const { email } = await someone(target);
    const address = someAddress();
    const clients = [new ClientFrom(target, address), new ClientFrom(replica, address)];
    const hashed = vi.spyOn(PasswordHasher.prototype, 'verify');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (clients[index % 2] as ClientFrom).login(email, WRONG)),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(HERE);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(50 - HERE);
    expect(hashed).toHaveBeenCalledTimes(HERE);
    hashed.mockRestore();
  });

  it('BRF-01 a login is one key, however it is spelt and by whichever route', async () => {
    const { email, username } = await someone(target);
    const here = new ClientFrom(target);
    const ways: [string, object][] = [
      ['/api/auth/login', { login: email }],
      ['/api/auth/signin', { login: email.toUpperCase() }],
      ['/api/auth/login', { email: ` ${email} ` }],
      ['/api/auth/login', { username: username.toUpperCase() }],
      ['/api/auth/login', { login: username, code: '123456' }],
    ];
    for (const [path, login] of ways)
      expect(await here.post(path, { ...login, password: WRONG })).toMatchObject(CRED);
    for (const [path, login] of ways)
      expect(await here.post(path, { ...login, password: PASSWORD })).toMatchObject(LIM);
    // Of a login that nobody has, too.
    const nobody = someEmail('nobody');
    for (let turn = 0; turn < HERE; turn += 1) {
      expect(await here.login(turn % 2 ? nobody.toUpperCase() : nobody, WRONG)).toMatchObject(CRED);
    }
    expect(await here.login(nobody.replace('@', '@').toUpperCase(), WRONG)).toMatchObject(LIM);
  });

  it('a right password does not count, and ends the count of this login from there', async () => {
    const { email } = await someone(target);
    const here = new ClientFrom(target);
    for (let round = 0; round < 4; round += 1) {
      expect((await guess(target, email, HERE - 1, here)).at(-1)).toMatchObject(CRED);
      expect((await here.login(email)).status).toBe(200);
    }
    for (let turn = 0; turn < 2 * LOGIN; turn += 1) expect((await here.login(email)).status).toBe(200);
  });

  it('a body that does not fit does not count', async () => {
    const { email } = await someone(target);
    const here = new ClientFrom(target);
    for (const password of [undefined, null, 5, ['a'], 'x'.repeat(2000)]) {
      for (let turn = 0; turn < HERE; turn += 1) {
        expect((await here.post('/api/auth/login', { login: email, password })).status).toBe(400);
      }
    }
    expect((await here.login(email)).status).toBe(200);
  });

  it('BRF-03 all addresses of one /64 are one client', async () => {
    const { email } = await someone(target);
    const block = `2001:db8:${Math.floor(Math.random() * 65_536).toString(16)}`;
    for (let turn = 0; turn < HERE; turn += 1) {
      expect(await new ClientFrom(target, `${block}:1::${turn + 1}`).login(email, WRONG)).toMatchObject(CRED);
    }
    expect(await new ClientFrom(target, `${block}:1:ffff:ffff:ffff:ffff`).login(email)).toMatchObject(LIM);
    expect((await new ClientFrom(target, `${block}:2::1`).login(email)).status).toBe(200);
    // IPv4 in IPv6 is IPv4, however it is written.
    const other = await someone(target);
    for (const address of [
      '::ffff:192.0.2.9',
      '192.0.2.9',
      '::FFFF:192.0.2.9',
      '::ffff:c000:209',
      '192.0.2.9',
    ]) {
      expect(await new ClientFrom(target, address).login(other.email, WRONG)).toMatchObject(CRED);
    }
    expect(await new ClientFrom(target, '192.0.2.9').login(other.email)).toMatchObject(LIM);
  });

  it('BRF-02 one network that fails for many logins is refused, and operators are told once', async () => {
    const log = LogRecorder.of(target);
    const told: { network: string | null; wrong: number }[] = [];
    target.app.get(DomainEvents).on('guessing.noticed', (event) => void told.push(event));
    const here = new ClientFrom(target);
    for (let turn = 0; turn < NETWORK; turn += 1) {
      expect(await here.login(someEmail('sprayed'), WRONG)).toMatchObject(CRED);
    }
    const { email } = await someone(target);
    for (let turn = 0; turn < 5; turn += 1) expect(await here.login(email)).toMatchObject(LIM);
    expect((await new ClientFrom(target).login(email)).status).toBe(200);
    const warnings = (): string[] => log.lines.filter((line) => line.includes(`came from ${here.address} `));
    expect(warnings()).toHaveLength(1);
    await eventually(() =>
      expect(told).toContainEqual(expect.objectContaining({ network: here.address, wrong: NETWORK })),
    );
    expect(told.filter(({ network }) => network === here.address)).toHaveLength(1);
  });

  it('BRF-02 nor are they told again when right passwords, still looked at, give their points back', async () => {
    const told: (string | null)[] = [];
    target.app.get(DomainEvents).on('guessing.noticed', ({ network }) => void told.push(network));
    const { email } = await someone(target);
    const here = new ClientFrom(target);
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const verify = PasswordHasher.prototype.verify;
    const held = vi.spyOn(PasswordHasher.prototype, 'verify').mockImplementationOnce(async function (
      this: PasswordHasher,
      ...given: Parameters<typeof verify>
    ) {
      await gate;
      return verify.apply(this, given);
    });
    const right = here.login(email);
    await vi.waitFor(() => expect(held).toHaveBeenCalled());
    held.mockRestore();
    for (let turn = 1; turn < NETWORK; turn += 1)
      expect(await here.login(someEmail('sprayed'), WRONG)).toMatchObject(CRED);
    expect(await here.login(email)).toMatchObject(LIM);
    release();
    expect((await right).status).toBe(200);
    expect(await here.login(someEmail('sprayed'), WRONG)).toMatchObject(CRED);
    for (let turn = 0; turn < 3; turn += 1)
      expect(await here.login(someEmail('sprayed'), WRONG)).toMatchObject(LIM);
    const stored = "SELECT data->>'network' AS network FROM domain_events WHERE type = 'guessing.noticed'";
    await eventually(async () =>
      expect(await target.database.query(stored)).toContainEqual({ network: here.address }),
    );
    expect(told.filter((network) => network === here.address)).toHaveLength(1);
  });

  it('BRF-09 signing in to an account of their own between tries does not help', async () => {
    const [victim, attacker] = [await someone(target), await someone(target)];
    const here = new ClientFrom(target);
    for (let turn = 0; turn < HERE; turn += 1) {
      expect(await here.login(victim.email, WRONG)).toMatchObject(CRED);
      expect((await here.login(attacker.email)).status).toBe(200);
    }
    expect(await here.login(victim.email)).toMatchObject(LIM);
    // That of the network keeps, too.
    let tried = HERE;
    while ((await here.login(someEmail('sprayed'), WRONG)).status === 401) {
      tried += 1;
      expect((await here.login(attacker.email)).status).toBe(tried < NETWORK ? 200 : 429);
    }
    expect(tried).toBe(NETWORK);
  });

  it('BRF-10 who is kept from guessing everywhere keeps the owner out of nothing', async () => {
    const known = new ClientFrom(target);
    const { email, bundle } = await someone(target, known);
    for (const answer of await guess(target, email, LOGIN)) expect(answer).toMatchObject(CRED);
    for (const answer of await guess(target, email, 3)) expect(answer).toMatchObject(LOCKED);
    const refused = await new ClientFrom(replica).login(email);
    expect(refused).toMatchObject(LOCKED);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500);
    expect(Number(refused.headers.get('ratelimit-limit'))).toBe(LOGIN);
    // From where they have signed in before, they do, with another version of the browser, too.
    expect((await known.login(email)).status).toBe(200);
    const updated = new ClientFrom(replica, known.address, FIREFOX.replaceAll('145', '146'));
    expect((await updated.login(email)).status).toBe(200);
    // Not with another browser from there, and not with that browser from elsewhere.
    expect(await new ClientFrom(target, known.address, CHROME).login(email)).toMatchObject(LOCKED);
    expect(await new ClientFrom(target, someAddress(), FIREFOX).login(email)).toMatchObject(LOCKED);
    // What is signed in goes on (BRF-11).
    expect((await known.get('/api/user', { token: bundle.token })).status).toBe(200);
    expect((await known.post('/api/auth/refresh', { refreshToken: bundle.refreshToken })).status).toBe(200);
    // By the mailbox they get in from everywhere, at once.
    await known.post('/api/auth/password/forgot', { email });
    const { token } = await target.mailbox.newest(email, /new password/i);
    const password = 'another horse battery';
    expect((await known.post('/api/auth/password/reset', { token, password })).status).toBe(204);
    expect((await new ClientFrom(replica).login(email, password)).status).toBe(200);
  });
});

describe('guessing passwords', () => {
  let target: TestApp;

  beforeAll(async () => {
    target = await startApp({ RATE_LIMIT: 'on', TRUSTED_PROXIES: `${LOCAL_PROXY},10.0.0.0/8` });
  });
  afterAll(() => target.close());

  it('BRF-01 and a minute later goes on', async () => {
    const { email } = await someone(target);
    const here = new ClientFrom(target);
    await guess(target, email, HERE, here);
    expect(await here.login(email)).toMatchObject(LIM);
    await letPass(target, 'login-here');
    expect((await here.login(email)).status).toBe(200);
  });

  it('BRF-02 one password over many accounts from many networks is noticed, once', async () => {
    const log = LogRecorder.of(target);
    for (let network = 0; network < 13; network += 1) {
      const from = new ClientFrom(target);
      for (let turn = 0; turn < 10; turn += 1) {
        expect(await from.login(someEmail('sprayed'), WRONG)).toMatchObject(CRED);
      }
    }
    expect(log.lines.filter((line) => line.includes('from several networks or one'))).toHaveLength(1);
  });

  it('BRF-05 only what trusted proxies say of an address counts, and of that the right-most that is not theirs', async () => {
    const { email } = await someone(target);
    for (let turn = 0; turn < HERE; turn += 1) {
      const spoofed = `203.0.113.${turn}, 203.0.113.99, 198.51.100.7, 10.0.0.1, 10.1.2.3`;
      expect(await new ClientFrom(target, spoofed).login(email, WRONG)).toMatchObject(CRED);
    }
    const hops = Array.from({ length: 100 }, (_, hop) => `203.0.113.${hop}`).join(', ');
    expect(await new ClientFrom(target, `${hops}, 198.51.100.7`).login(email)).toMatchObject(LIM);
    expect(await new ClientFrom(target, '198.51.100.7, 10.0.0.9').login(email)).toMatchObject(LIM);
    expect((await new ClientFrom(target, '198.51.100.7, 198.51.100.8').login(email)).status).toBe(200);
  });

  it('BRF-05 without trusted proxies nothing is believed', async () => {
    const direct = await startApp({ RATE_LIMIT: 'on' }, target);
    const client = new Client(direct);
    const { email } = await someone(target);
    for (let turn = 0; turn < HERE + 1; turn += 1) {
      const address = someAddress();
      const headers = {
        'x-forwarded-for': address,
        forwarded: `for=${address}`,
        'x-real-ip': address,
        'true-client-ip': address,
        'cf-connecting-ip': address,
      };
      const answer = await client.post('/api/auth/login', { login: email, password: WRONG }, { headers });
      expect(answer).toMatchObject(turn < HERE ? CRED : LIM);
    }
    await direct.close();
  });

  it('BRF-10 the lock ends by itself, however long it is tried meanwhile; the owner is told once', async () => {
    const told: { userId: string | null; until: Date }[] = [];
    target.app.get(DomainEvents).on('session.locked', (event) => void told.push(event));
    const { id, email } = await someone(target);
    await guess(target, email, LOGIN);
    const [until] = await target.database.query(
      "SELECT max(expires_at) AS at FROM limits WHERE key LIKE 'login:%' AND points = $1",
      [LOGIN],
    );
    for (const answer of await guess(target, email, 10)) expect(answer).toMatchObject(LOCKED);
    const [still] = await target.database.query(
      "SELECT max(expires_at) AS at FROM limits WHERE key LIKE 'login:%' AND points > $1",
      [LOGIN],
    );
    expect(still.at).toEqual(until.at);
    expect(told.filter(({ userId }) => userId === id)).toHaveLength(1);
    expect(Math.abs(told.at(-1)!.until.getTime() - still.at.getTime())).toBeLessThan(5_000);
    const mail = await target.mailbox.newest(email, /too many wrong passwords/i);
    expect(mail.text).toContain('where you have signed in before');
    await letPass(target, 'login');
    expect((await new ClientFrom(target).login(email)).status).toBe(200);
    // Again on the same day: locked, told as an event, and no second mail.
    await guess(target, email, LOGIN + 1);
    expect(told.filter(({ userId }) => userId === id)).toHaveLength(2);
    await expect
      .poll(() => target.database.query("SELECT id FROM mail_outbox WHERE state = 'waiting'"), {
        timeout: 15_000,
      })
      .toEqual([]);
    const mails = (await target.mailbox.all(email)).filter(({ subject }) => /wrong passwords/i.test(subject));
    expect(mails).toHaveLength(1);
  });

  it('BRF-10 who has reset the password is let in there, however quickly it is guessed at again', async () => {
    const owner = new ClientFrom(target);
    const { email } = await someone(target, owner);
    await guess(target, email, LOGIN + 1);
    const away = new ClientFrom(target);
    expect(await away.login(email)).toMatchObject(LOCKED);
    await away.post('/api/auth/password/forgot', { email });
    const { token } = await target.mailbox.newest(email, /Choose/);
    const password = 'three blind mice';
    expect((await away.post('/api/auth/password/reset', { token, password })).status).toBe(204);
    for (const answer of await guess(target, email, LOGIN)) expect(answer).toMatchObject(CRED);
    // Whoever was let in before the reset has to show the new password first.
    for (const elsewhere of [new ClientFrom(target), owner])
      expect(await elsewhere.login(email, password)).toMatchObject(LOCKED);
    expect((await away.login(email, password)).status).toBe(200);
  });

  it('BRF-11 whatever begins or goes on with a sign-in is refused alike; what is signed in goes on', async () => {
    const known = new ClientFrom(target);
    const person = await enrol(target);
    const { email, token, authenticator } = person;
    const challenge = await beginSignIn(target, email);
    await guess(target, email, LOGIN + 1);
    const elsewhere = new ClientFrom(target);
    const code = authenticator.next();
    for (const [path, body] of [
      ['/api/auth/login', { login: email, password: PASSWORD }],
      ['/api/auth/signin', { login: email, password: PASSWORD }],
      ['/api/auth/login', { login: email, password: PASSWORD, code }],
      ['/api/auth/challenge', { id: challenge, code }],
    ] as const) {
      expect(await elsewhere.post(path, body), path).toMatchObject(LOCKED);
    }
    expect((await known.get('/api/user', { token })).status).toBe(200);
    const raised = await known.post(
      '/api/user/confirm-password',
      { password: PASSWORD, code: authenticator.next() },
      { token },
    );
    expect(raised.status).toBe(200);
    await letPass(target, 'login');
    expect(
      (await elsewhere.post('/api/auth/challenge', { id: challenge, code: authenticator.next() })).status,
    ).toBe(200);
  });

  it('BRF-12 what is over is removed, however much it is', { timeout: 60_000 }, async () => {
    await target.database.query(
      `INSERT INTO limits SELECT 'login:old ' || n, 1, now() - interval '1 s' FROM generate_series(1, 1000000) n`,
    );
    await target.database.query(`INSERT INTO limits VALUES ('login:kept', 1, now() + interval '1 hour')`);
    await target.app.get(Housekeeping).run();
    const rows = await target.database.query(
      "SELECT key FROM limits WHERE key LIKE 'login:old%' OR key = 'login:kept'",
    );
    expect(rows).toEqual([{ key: 'login:kept' }]);
  });

  it(
    'BRF-15 ninety wrong ones in a row, however slowly: known devices and a reset only',
    { timeout: 60_000 },
    async () => {
      const known = new ClientFrom(target);
      const { email } = await someone(target, known);
      let tried = 0;
      // A right one in between ends the count.
      await guess(target, email, 10);
      await letPass(target, 'login');
      expect((await new ClientFrom(target).login(email)).status).toBe(200);
      while (tried < IN_A_ROW) {
        for (const answer of await guess(target, email, 10)) expect(answer).toMatchObject(CRED);
        tried += 10;
        await letPass(target, 'login');
      }
      const elsewhere = new ClientFrom(target);
      const locked = await elsewhere.login(email);
      expect(locked).toMatchObject(LOCKED);
      expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(30 * 86_400);
      await letPass(target, 'login', 'login-here');
      expect(await elsewhere.login(email)).toMatchObject(LOCKED);
      // From where they signed in before they do; that ends it nowhere else.
      expect((await known.login(email)).status).toBe(200);
      await letPass(target, 'login', 'login-here');
      expect(await elsewhere.login(email)).toMatchObject(LOCKED);
      await known.post('/api/auth/password/forgot', { email });
      const { token } = await target.mailbox.newest(email, /new password/i);
      const password = 'another horse battery';
      expect((await known.post('/api/auth/password/reset', { token, password })).status).toBe(204);
      expect((await elsewhere.login(email, password)).status).toBe(200);
    },
  );

  it('ENUM-08 trying to the end shows nothing of who has an account', { timeout: 60_000 }, async () => {
    const known = (await someone(target)).email;
    const unknown = someEmail();
    const [one, other] = [new ClientFrom(target), new ClientFrom(target)];
    for (let turn = 0; turn < HERE + 3; turn += 1) {
      expect(visible(await one.login(known, WRONG))).toEqual(visible(await other.login(unknown, WRONG)));
    }
    for (let turn = HERE; turn < LOGIN + 3; turn += 1) {
      const [first] = await guess(target, known, 1);
      const [second] = await guess(target, unknown, 1);
      expect(visible(first as Answer)).toEqual(visible(second as Answer));
    }
    expect(await one.login(known, WRONG)).toMatchObject(LIM);
    await letPass(target, 'login-here', 'login');
    for (const email of [known, unknown]) {
      const sql = "UPDATE limits SET points = $1 WHERE key LIKE 'login-in-a-row:%' AND points >= $2";
      await target.database.query(sql, [IN_A_ROW, LOGIN]);
      expect(await new ClientFrom(target).login(email, WRONG)).toMatchObject(LOCKED);
    }
  });

  it(
    'BRF-14 and neither does how long a refusal takes; nothing is hashed for it',
    { timeout: 120_000 },
    async () => {
      const logins = { known: (await someone(target)).email, unknown: someEmail() };
      for (const login of Object.values(logins)) await guess(target, login, LOGIN + 1);
      const hashed = vi.spyOn(PasswordHasher.prototype, 'verify');
      const took: Record<string, number[]> = { known: [], unknown: [] };
      const arms = Object.entries(logins);
      for (let sample = 0; sample < 200; sample += 1) {
        for (const [arm, login] of sample % 2 ? arms : arms.toReversed()) {
          const client = new ClientFrom(target);
          const begin = performance.now();
          expect((await client.login(login, WRONG)).status).toBe(429);
          took[arm]?.push(performance.now() - begin);
        }
      }
      expect(hashed).not.toHaveBeenCalled();
      hashed.mockRestore();
      expect(Math.abs(median(took.known) - median(took.unknown))).toBeLessThan(5);
    },
  );
});
