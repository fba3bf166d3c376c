import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DomainEvents } from '../../src/events/domain-events.js';
import { type TestApp, startApp } from '../support/app.js';
import { enrol, type Enrolled } from '../support/authenticator.js';
import { type Answer, Client, PASSWORD } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { beginSignIn } from '../support/people.js';
import type { TestClock } from '../support/test-clock.js';

/** People are enrolled where nothing is limited; what they try is counted by the replica beside it. */
describe('Guessing second factors', () => {
  let quiet: TestApp;
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    quiet = await startApp();
    app = await startApp({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' }, quiet);
    client = new Client(app);
  });
  afterAll(async () => {
    await app.close();
    await quiet.close();
  });

  /** One time for both replicas. */
  const clock = {
    nowMs: () => app.clock.nowMs(),
    advanceSeconds: (seconds: number) =>
      [quiet, app].forEach((replica) => replica.clock.advanceSeconds(seconds)),
  } as TestClock;
  beforeEach(() => [quiet, app].forEach((replica) => replica.clock.reset()));
  const enrolled = (): Promise<Enrolled> => enrol({ ...quiet, clock });

  let networks = 0;
  /** From another network each time. */
  const from = (): { headers: Record<string, string> } => {
    networks += 1;
    return { headers: { 'x-forwarded-for': `198.18.${networks >> 8}.${networks & 255}` } };
  };
  const answer = async (person: Enrolled, proof: object): Promise<Answer> => {
    const id = await beginSignIn(quiet, person.email);
    return client.post('/api/auth/challenge', { id, ...proof }, from());
  };
  const fail = async (person: Enrolled, times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      const { body } = await answer(person, { code: person.authenticator.wrongCode() });
      expect([time, body.code]).toEqual([time, 'code_invalid']);
    }
  };
  const shiftLimits = (interval: string): Promise<unknown> =>
    app.database.query(`UPDATE limits SET expires_at = expires_at - $1::interval WHERE points < 40`, [
      interval,
    ]);

  it('MFA-04: after twenty wrong codes in an hour, by any route and network, nothing is looked at', async () => {
    const person = await enrolled();
    await fail(person, 15);
    for (let time = 0; time < 5; time += 1) {
      const wrong = { code: person.authenticator.wrongCode() };
      const { body } = await client.post(
        '/api/auth/login',
        { login: person.email, password: PASSWORD, ...wrong },
        from(),
      );
      expect(body.code).toBe('code_invalid');
    }
    const locked = [
      await answer(person, { code: person.authenticator.next() }),
      await answer(person, { recoveryCode: person.recoveryCodes[0] }),
      await client.login(person.email, PASSWORD, { code: person.authenticator.next() }),
      await client.post(
        '/api/user/confirm-password',
        { password: PASSWORD, code: person.authenticator.code() },
        { token: person.token },
      ),
      await client.delete(
        '/api/user/two-factor',
        { code: person.authenticator.code() },
        { token: person.token },
      ),
    ];
    for (const { status, body, headers } of locked) {
      expect([status, body.code]).toEqual([429, 'account_locked']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(3000);
      expect(headers.get('ratelimit-limit')).toBe('20');
    }
    // Sessions go on; another person is not concerned.
    expect((await client.get('/api/user', { token: person.token })).status).toBe(200);
    const other = await enrolled();
    expect((await answer(other, { code: other.authenticator.next() })).status).toBe(200);
  });

  it('MFA-04: wrong codes stay counted although their requests are rolled back, right ones do not count', async () => {
    const person = await enrolled();
    for (let time = 0; time < 25; time += 1) {
      expect((await answer(person, { code: person.authenticator.next() })).status).toBe(200);
    }
    await fail(person, 20);
    expect((await answer(person, { code: person.authenticator.next() })).body.code).toBe('account_locked');
    const failed = await app.database.query<{ count: number }[]>(
      "SELECT count(*)::int AS count FROM domain_events WHERE type = 'twofactor.failed' AND user_id = $1",
      [person.id],
    );
    expect(failed[0]?.count).toBe(20);
  });

  it('a right code that comes to nothing by a failure of the service is not counted', async () => {
    const person = await enrolled();
    const code = person.authenticator.next();
    let failures = 20;
    app.app.get(DomainEvents).on('session.opened', ({ userId }) => {
      if (userId === person.id && failures-- > 0) throw new Error('of others');
    });
    while (failures > 0) expect((await answer(person, { code })).status).toBe(500);
    expect((await answer(person, { code })).status).toBe(200);
  });

  it('MFA-04: a lock is told once, as an event and by mail', async () => {
    const person = await enrolled();
    await fail(person, 20);
    for (let time = 0; time < 3; time += 1) {
      expect((await answer(person, { code: person.authenticator.next() })).status).toBe(429);
    }
    const locked = await app.database.query<unknown[]>(
      "SELECT 1 FROM domain_events WHERE type = 'session.locked' AND user_id = $1",
      [person.id],
    );
    expect(locked).toHaveLength(1);
    await eventually(async () => {
      const mails = await app.mailbox.all(person.email);
      expect(mails.filter(({ subject }) => /knows your password/.test(subject))).toHaveLength(1);
    });
  });

  it('BRF-11: a challenge that was begun before a lock of the password is refused, too', async () => {
    const person = await enrolled();
    const id = await beginSignIn(quiet, person.email);
    for (let time = 0; time < 21; time += 1) {
      await client.post('/api/auth/login', { login: person.email, password: 'wrong horse' }, from());
    }
    const code = person.authenticator.next();
    const refused = await client.post('/api/auth/challenge', { id, code }, from());
    expect(refused.body).toMatchObject({ status: 429, code: 'account_locked' });
    // Unless the device has signed in before, which the person's own has.
    const own = await client.post('/api/auth/challenge', { id, code });
    expect(own.status).toBe(200);
    expect((await client.get('/api/user', { token: person.token })).status).toBe(200);
  });

  it('MFA-10: recovery codes are counted, too', async () => {
    const person = await enrolled();
    for (let time = 0; time < 20; time += 1) {
      expect((await answer(person, { recoveryCode: `GUESS-${time}` })).body.code).toBe('code_invalid');
    }
    expect((await answer(person, { recoveryCode: person.recoveryCodes[0] })).body.code).toBe(
      'account_locked',
    );
  });

  it('MFA-04: fifty wrong codes in a row turn the app off until a recovery code is used', async () => {
    const person = await enrolled();
    for (const times of [20, 20, 10]) {
      await fail(person, times);
      await shiftLimits('1 hour');
    }
    const locked = await answer(person, { code: person.authenticator.next() });
    expect(locked.body).toMatchObject({
      code: 'account_locked',
      detail: expect.stringMatching(/recovery code/),
    });
    expect((await answer(person, { recoveryCode: person.recoveryCodes[0] })).status).toBe(200);
    expect((await answer(person, { code: person.authenticator.next() })).status).toBe(200);
  });

  it('TF-05 of many wrong codes at once no more than twenty are looked at', async () => {
    const person = await enrolled();
    const ids: string[] = [];
    for (let time = 0; time < 40; time += 1) ids.push(await beginSignIn(quiet, person.email));
    const code = person.authenticator.wrongCode();
    const answers = await Promise.all(
      ids.map((id) => client.post('/api/auth/challenge', { id, code }, from())),
    );
    expect(answers.filter(({ body }) => body.code === 'code_invalid')).toHaveLength(20);
    expect(answers.filter(({ body }) => body.code === 'account_locked')).toHaveLength(20);
  });
});
