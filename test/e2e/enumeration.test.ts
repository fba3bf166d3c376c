import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PasswordHasher } from '../../src/passwords/password-hasher.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';
import { median } from '../support/median.js';
import { QueryLog } from '../support/query-log.js';

const WRONG = 'wrong horse battery';
/** bcrypt's of `PASSWORD`, as from a legacy store. */
const IMPORTED_HASH = '$2y$08$tS0/bZtUJ739FG0ivt.om.sQ60OuQgqwsBomwSRKTKlkE0NkBFrzu';
/** argon2id with less memory than today's. */
const OLD_HASH = '$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
/** Differ from answer to answer, whoever asks. */
const VARYING = ['date', 'connection', 'keep-alive'];

interface Visible {
  status: number;
  headers: [string, string][];
  body: string;
}

/** All that a client sees of an answer, save the request's own id. */
function visible({ status, headers, body }: Answer): Visible {
  const kept = [...headers].filter(([name]) => !VARYING.includes(name));
  return { status, headers: kept, body: JSON.stringify(body)?.replace(/"requestId":"[^"]*"/, '') ?? '' };
}

describe('nobody learns who has an account', () => {
  let target: TestApp;
  let verified: TestApp;
  let client: Client;
  let queries: QueryLog;
  /** One login of each kind of account, for which every wrong password must look alike. */
  let logins: Record<string, string>;

  beforeAll(async () => {
    target = await startApp();
    verified = await startApp({ REGISTRATION: 'verified' }, target);
    client = new Client(target);
    queries = new QueryLog(target.database);
    logins = await peopleOfEveryKind();
  });
  afterAll(async () => {
    await verified.close();
    await target.close();
  });

  /** What a client sees, and what the service asked its database meanwhile: the same questions take the same time. */
  async function seen(log: QueryLog, ask: () => Promise<Answer>): Promise<Visible & { asked: string[] }> {
    let answer: Answer | undefined;
    const asked = await log.ofRequest(async () => (answer = await ask()));
    expect(asked.length).toBeGreaterThan(0);
    // The guard looks a session up whenever its memory of it is gone.
    return { ...visible(answer as Answer), asked: asked.filter((sql) => !/FROM sessions/.test(sql)) };
  }

  const sql = (text: string, values: unknown[]): Promise<unknown> => target.database.query(text, values);

  async function personWith(hash: string): Promise<string> {
    const { user } = await client.register();
    await sql('UPDATE passwords SET hash = $2 WHERE user_id = $1', [user.id, hash]);
    return user.email;
  }

  async function peopleOfEveryKind(): Promise<Record<string, string>> {
    const users = target.app.get(UsersService);
    const someone = async (): Promise<{ id: string; email: string }> => (await client.register()).user;
    const [unverified, known, banned, deleted, passwordless, imported] = [
      await someone(), await someone(), await someone(), await someone(), await someone(), await someone(),
    ]; // prettier-ignore
    await sql('UPDATE users SET email_verified_at = now() WHERE id = $1', [known.id]);
    await users.ban(banned.id);
    await users.delete(deleted.id);
    await sql('DELETE FROM passwords WHERE user_id = $1', [passwordless.id]);
    await sql('UPDATE passwords SET hash = $2 WHERE user_id = $1', [imported.id, IMPORTED_HASH]);
    const pending = someEmail();
    await new Client(verified).post('/api/auth/register', { email: pending, password: PASSWORD });
    const people = { unverified, known, banned, deleted, passwordless, imported };
    return {
      unknown: someEmail(),
      'unknown username': `u${randomUUID().slice(0, 8)}`,
      'no login at all': '@@ not an address',
      pending,
      ...Object.fromEntries(Object.entries(people).map(([kind, { email }]) => [kind, email])),
    };
  }

  it('ENUM-01 a wrong password gets the same bytes, headers and cookies for everybody', async () => {
    const answers: Record<string, Visible> = {};
    for (const [kind, login] of Object.entries(logins))
      answers[kind] = visible(await client.login(login, WRONG));
    expect(answers.known).toMatchObject({
      status: 401,
      body: expect.stringContaining('"invalid_credentials"'),
    });
    expect(answers.known?.headers).toContainEqual(['www-authenticate', 'Bearer']);
    for (const [kind, answer] of Object.entries(answers)) expect(answer, kind).toEqual(answers.known);
  });

  it('ENUM-01 the right password of somebody who may not sign in, too', async () => {
    const wrong = visible(await client.login(logins.known ?? '', WRONG));
    for (const kind of ['unknown', 'pending', 'deleted', 'passwordless']) {
      expect(visible(await client.login(logins[kind] ?? '', PASSWORD)), kind).toEqual(wrong);
    }
    // The control: the password itself is right.
    for (const kind of ['known', 'unverified', 'imported']) {
      expect((await client.login(logins[kind] ?? '', PASSWORD)).status, kind).toBe(200);
    }
    expect((await client.login(logins.banned ?? '', PASSWORD)).body.code).toBe('user_banned');
  });

  /**
   * Up to 200 interleaved samples an arm. A busy machine blurs medians, never by the whole hash that a leak saves,
   * so it stops as soon as they agree.
   */
  it('ENUM-02 and takes as long for everybody', { timeout: 180_000 }, async () => {
    const people: Record<string, string> = {
      ...logins,
      imported: await personWith(IMPORTED_HASH),
      old: await personWith(OLD_HASH),
    };
    const arms = ['known', 'unknown', 'passwordless', 'imported', 'old'] as const;
    const took: Record<string, number[]> = Object.fromEntries(arms.map((arm) => [arm, []]));
    const gaps = (): number[] => arms.map((arm) => Math.abs(median(took[arm]) - median(took.known)));
    const within = (): boolean => Math.max(...gaps()) < Math.max(5, median(took.known) / 10);
    for (let sample = 0; sample < 200 && !(sample >= 40 && sample % 20 === 0 && within()); sample += 1) {
      for (const index of arms.keys()) {
        // The order moves, so that nothing periodic favours one arm.
        const arm = arms[(index + sample) % arms.length] ?? 'known';
        const begin = performance.now();
        await client.login(people[arm] ?? '', WRONG);
        took[arm]?.push(performance.now() - begin);
      }
    }
    expect(within(), `${arms.join(', ')}: ${arms.map((arm) => median(took[arm])).join(', ')} ms`).toBe(true);
    // The control: what they agree on is the time of a hash.
    const begin = performance.now();
    await target.app.get(PasswordHasher).verify(WRONG, null);
    expect(median(took.unknown)).toBeGreaterThan((performance.now() - begin) / 4);
  });

  it('ENUM-03 registering in verified mode answers the same for a new, an existing and a pending address', async () => {
    const through = new Client(verified);
    const log = new QueryLog(verified.database);
    const register = (email: string): Promise<Answer> =>
      through.post('/api/auth/register', { email, password: PASSWORD });
    const known = logins.known ?? '';
    const answers = [];
    for (const email of [
      someEmail(),
      known,
      logins.pending ?? '',
      logins.banned ?? '',
      logins.deleted ?? '',
    ]) {
      answers.push(await seen(log, () => register(email)));
    }
    expect(answers[0]).toMatchObject({ status: 202, body: '{}' });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await verified.mailbox.newest(known, /already|account/i)).token).toBe('');
  });

  it.each(['/api/auth/email/verification', '/api/auth/password/forgot'])(
    'ENUM-06 POST %s answers the same for every address',
    async (path) => {
      const addresses = Object.values(logins).filter((login) => /^\S+@\S+$/.test(login));
      const answers = [];
      for (const email of addresses) answers.push(await seen(queries, () => client.post(path, { email })));
      expect(answers[0]).toMatchObject({ status: 202 });
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    },
  );

  it('ENUM-07 changing to a taken address looks like changing to a free one', async () => {
    const { token } = await client.register();
    const change = (email: string): Promise<Visible> =>
      seen(queries, () => client.post('/api/user/email', { email, password: PASSWORD }, { token }));
    const free = await change(someEmail());
    expect(free).toMatchObject({ status: 202 });
    for (const kind of ['known', 'banned', 'deleted', 'pending']) {
      const taken = logins[kind] ?? '';
      expect(await change(taken), kind).toEqual(free);
      expect((await client.get('/api/user', { token })).body.pendingEmail).toBe(taken);
    }
  });

  it('ENUM-09 a wrong password opens no challenge', async () => {
    for (const login of Object.values(logins)) {
      const { body } = await client.post('/api/auth/login', { login, password: WRONG, code: '123456' });
      expect(body).toMatchObject({ status: 401, code: 'invalid_credentials' });
      expect(body).not.toHaveProperty('challenge');
    }
  });

  it('ENUM-11 an unknown link is refused alike, whoever asks and whatever else the request says', async () => {
    const token = randomUUID().replaceAll('-', '').repeat(2).slice(0, 43);
    const { token: bearer } = await client.register();
    for (const [path, body] of [
      ['/api/auth/password/reset', { token, password: PASSWORD }],
      ['/api/auth/email/verify', { token }],
      ['/api/auth/email/undo', { token }],
    ] as const) {
      const anonymous = visible(await client.post(path, body));
      expect(anonymous, path).toMatchObject({ status: 422, body: expect.stringContaining('"link_invalid"') });
      expect(visible(await client.post(path, body, { token: bearer })), path).toEqual(anonymous);
    }
  });
});
