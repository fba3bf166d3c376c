import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { type BreachMood, BreachServer, sha1 } from '../support/breach-server.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { LogRecorder } from '../support/log-recorder.js';

const STOLEN = 'violet giraffes at noon';
const REGISTER = '/api/auth/register';

describe('passwords that were stolen elsewhere', () => {
  let breaches: BreachServer;
  let target: TestApp;
  let client: Client;
  let log: LogRecorder;

  beforeAll(async () => {
    breaches = await new BreachServer().start();
    breaches.know(STOLEN, 3);
    target = await startApp({ PASSWORD_REQUIRE_UNCOMPROMISED: 'true', PASSWORD_BREACH_URL: breaches.url });
    client = new Client(target);
  });
  afterAll(async () => {
    await target.close();
    await breaches.stop();
  });
  beforeEach(() => {
    breaches.mood = 'well';
    breaches.forgetQuestions();
    // Anew, because replicas in this process take the log over.
    log = LogRecorder.of(target);
    // What was told a minute ago is told again.
    target.clock.advanceSeconds(61);
  });

  const register = (password: string): Promise<Answer> =>
    client.post(REGISTER, { email: someEmail(), password });
  const codes = ({ body }: Answer): string[] => body.errors.map(({ code }: { code: string }) => code);
  const events = (): Promise<{ data: unknown }[]> =>
    target.database.query(
      "SELECT data, user_id, actor FROM domain_events WHERE type = 'password.unchecked' ORDER BY seq",
    );
  const warnings = (): string[] => log.lines.filter((line) => line.includes('BreachCheck'));

  it('PW-06: are refused on register, change and reset', async () => {
    const { user, token } = await client.register();
    await client.post('/api/auth/password/forgot', { email: user.email });
    const link = (await target.mailbox.newest(user.email, /Choose/)).token;
    const answers = [
      await register(STOLEN),
      await client.post('/api/user/password', { currentPassword: PASSWORD, newPassword: STOLEN }, { token }),
      await client.post('/api/auth/password/reset', { token: link, password: STOLEN }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.body.code, codes(answer)]).toEqual([
        422,
        'weak_password',
        ['compromised'],
      ]);
      expect(JSON.stringify(answer.body)).not.toContain(STOLEN);
    }
    expect(log.text).not.toContain(STOLEN);
    expect(warnings()).toEqual([]);
    expect((await client.login(user.email)).status).toBe(200);
  });

  it('PW-06: are refused where an account waits for its mailbox, too', async () => {
    const verified = await startApp({ ...target.environment, REGISTRATION: 'verified' }, target);
    const answer = await new Client(verified).post(REGISTER, { email: someEmail(), password: STOLEN });
    await verified.close();
    expect([answer.status, codes(answer)]).toEqual([422, ['compromised']]);
  });

  it('PWD-06: are refused with every other broken rule', async () => {
    breaches.know('password1', 2_000_000);
    breaches.know('abc', 1);
    expect(codes(await register('password1'))).toEqual(['too_common', 'compromised']);
    expect(codes(await register('abc'))).toEqual(['too_short', 'compromised']);
  });

  it('PW-06: five characters of a hash are told, and padding is asked for', async () => {
    expect((await register(PASSWORD)).status).toBe(201);
    expect(breaches.questions).toHaveLength(1);
    const [{ path, headers } = { path: '', headers: {} }] = breaches.questions;
    expect(path).toBe(`/range/${sha1(PASSWORD).slice(0, 5)}`);
    expect(headers).toMatchObject({ 'add-padding': 'true', 'user-agent': 'tokenhouse' });
    expect(Object.keys(headers).sort()).toEqual([
      'accept', 'accept-encoding', 'accept-language', 'add-padding', 'connection', 'host', 'sec-fetch-mode',
      'user-agent',
    ]); // prettier-ignore
  });

  it('PW-06: padding is no breach, and neither is the same beginning', async () => {
    const password = 'a password like padding';
    breaches.know(password, 0);
    expect((await register(password)).status).toBe(201);
    expect(warnings()).toEqual([]);
  });

  it('PW-06: a password is looked up in NFC', async () => {
    breaches.know('Amélie in a breach'.normalize('NFC'), 1);
    expect(codes(await register('Amélie in a breach'.normalize('NFD')))).toEqual(['compromised']);
  });

  it('PW-06: signing in asks nobody', async () => {
    const { user, token } = await client.register();
    breaches.forgetQuestions();
    expect((await client.login(user.email)).status).toBe(200);
    await client.login(user.email, STOLEN);
    await client.post('/api/user/confirm-password', { password: PASSWORD }, { token });
    expect(breaches.questions).toEqual([]);
  });

  it.each<[BreachMood, RegExp]>([
    ['silent', /it took too long/],
    ['dripping', /it took too long/],
    ['redirecting', /it answered 302/],
    ['failing', /it answered 503/],
    ['huge', /its answer was too long/],
    ['bomb', /its answer was too long/],
    ['no range', /its answer was not in the format/],
    ['empty', /its answer was not in the format/],
    ['cut', /it cannot be reached/],
  ])(
    'PWD-11: the service %s: the list decides within two seconds, and operators hear of it',
    async (mood, reason) => {
      breaches.mood = mood;
      breaches.know('password1', 1);
      for (const [password, status] of [
        [STOLEN, 201],
        ['password1', 422],
      ] as const) {
        const before = performance.now();
        const answer = await register(password);
        expect(performance.now() - before).toBeLessThan(2_700);
        expect(answer.status).toBe(status);
        if (status === 422) expect(codes(answer)).toEqual(['too_common']);
      }
      expect(breaches.questions).toHaveLength(2);
      // What the two connections buffered, of a gigabyte each.
      expect(breaches.sent).toBeLessThan(100 * 1024 * 1024);
      expect(warnings()).toHaveLength(1);
      expect(warnings()[0]).toMatch(reason);
      expect((await events()).at(-1)?.data).toMatchObject({ reason: expect.stringMatching(reason) });
      for (const secret of [STOLEN, 'password1', sha1(STOLEN).slice(0, 5)])
        expect(log.text).not.toContain(secret);
    },
  );

  it('PWD-11: the service down: the same', async () => {
    const gone = await new BreachServer().start();
    const url = gone.url;
    await gone.stop();
    const replica = await startApp({ ...target.environment, PASSWORD_BREACH_URL: url }, target);
    const replicaLog = LogRecorder.of(replica);
    const answers = await Promise.all(
      [STOLEN, 'password1'].map((password) =>
        new Client(replica).post(REGISTER, { email: someEmail(), password }),
      ),
    );
    await replica.close();
    expect(answers.map(({ status }) => status)).toEqual([201, 422]);
    expect(replicaLog.text).toMatch(/it cannot be reached \(ECONNREFUSED\)/);
  });

  it('PWD-11: an outage is told once a minute, with how many it concerned', async () => {
    breaches.mood = 'failing';
    const before = (await events()).length;
    for (let time = 0; time < 3; time += 1) await register(STOLEN);
    expect(warnings()).toHaveLength(1);
    target.clock.advanceSeconds(61);
    await register(STOLEN);
    expect(warnings()).toHaveLength(2);
    expect(warnings()[1]).toContain('3 new password(s)');
    const told = (await events()).slice(before);
    expect(told).toHaveLength(2);
    const data = { count: 3, reason: 'it answered 503' };
    expect(told[1]).toEqual({ data, user_id: null, actor: 'system' });
  });

  // Again on a machine so busy that who waits gives up first.
  it(
    'PWD-11: who waits for the service holds neither a connection to the database nor a place to hash',
    { retry: 2 },
    async () => {
      const { user, token } = await client.register();
      breaches.mood = 'silent';
      breaches.forgetQuestions();
      const waiting = Array.from({ length: 50 }, () => register(PASSWORD));
      // More than the pool has connections; the others are not asked about at all.
      await expect.poll(() => breaches.open).toBe(32);
      const before = performance.now();
      expect((await client.login(user.email)).status).toBe(200);
      expect((await client.get('/api/user', { token })).status).toBe(200);
      expect(breaches.open).toBe(32);
      expect(performance.now() - before).toBeLessThan(1_500);
      for (const { status } of await Promise.all(waiting)) expect(status).toBe(201);
      expect(breaches.mostOpen).toBe(32);
    },
  );

  it('PW-06: nobody is asked unless PASSWORD_REQUIRE_UNCOMPROMISED is on', async () => {
    const settings = { ...target.environment, PASSWORD_REQUIRE_UNCOMPROMISED: undefined };
    const replica = await startApp(settings, target);
    const answer = await new Client(replica).post(REGISTER, { email: someEmail(), password: STOLEN });
    await replica.close();
    expect(answer.status).toBe(201);
    expect(breaches.questions).toEqual([]);
  });

  it('RG-08: the rule is among those that a sign-in page can ask for', async () => {
    expect((await client.get('/api/auth/settings')).body.password.requireUncompromised).toBe(true);
  });
});
