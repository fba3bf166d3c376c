import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { BUDGETS } from '../../src/limits/budgets.js';
import { startApp, type TestApp } from '../support/app.js';
import { enrol } from '../support/authenticator.js';
import { type Answer, PASSWORD, someEmail } from '../support/client.js';
import { ClientFrom, LOCAL_PROXY, someAddress } from '../support/client-from.js';

const AVAILABLE = '/api/auth/available';
const someUsername = (): string => `u${randomUUID().slice(0, 8)}`;

describe('before and while registering', () => {
  const modes: Record<string, TestApp> = {};
  let target: TestApp;
  let replica: TestApp;
  let client: ClientFrom;

  beforeAll(async () => {
    const environment = { RATE_LIMIT: 'on', TRUSTED_PROXIES: LOCAL_PROXY };
    target = modes.open = await startApp(environment);
    replica = modes.replica = await startApp(environment, target);
    for (const mode of ['verified', 'closed']) {
      modes[mode] = await startApp({ ...environment, REGISTRATION: mode }, target);
    }
  });
  afterAll(async () => {
    for (const app of Object.values(modes).toReversed()) await app.close();
  });

  describe('a name', () => {
    const ask = (body: object, mode = 'open'): Promise<Answer> =>
      new ClientFrom(modes[mode] as TestApp).post(AVAILABLE, body);

    it('is free or not, by the rule of registering', async () => {
      client = new ClientFrom(target);
      const [email, username] = [someEmail(), someUsername()];
      for (const body of [{ email }, { username }])
        expect((await ask(body)).body).toEqual({ available: true });
      const { token } = await client.register({ email, username });
      for (const body of [
        { email },
        { email: email.toUpperCase() },
        { username },
        { username: username.toUpperCase() },
      ]) {
        expect(await ask(body)).toMatchObject({ status: 200, body: { available: false } });
      }
      // Nor is that of somebody who has left.
      await client.delete('/api/user', { password: PASSWORD }, { token });
      for (const body of [{ email }, { username }])
        expect((await ask(body)).body).toEqual({ available: false });
    });

    it.each([
      {},
      { username: null },
      { username: someUsername(), email: someEmail() },
      { username: 'admin' },
      { username: 'a@b' },
      { email: 'none' },
      { email: null },
      { username: 5 },
    ])('%j is no question', async (body) => {
      expect(await ask(body)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    });

    it('ENUM-14 says nothing of addresses where registering does not', async () => {
      const { user } = await new ClientFrom(target).register({ username: someUsername() });
      for (const email of [user.email, someEmail()]) {
        expect(await ask({ email }, 'verified')).toMatchObject({
          status: 400,
          body: { code: 'validation_failed' },
        });
        expect(await ask({ email }, 'closed')).toMatchObject({
          status: 404,
          body: { code: 'registration_closed' },
        });
      }
      for (const mode of ['open', 'verified', 'closed']) {
        expect((await ask({ username: user.username }, mode)).body).toEqual({ available: false });
      }
    });

    it('ENUM-14 and is told ten times a minute to one network', async () => {
      client = new ClientFrom(target);
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => client.post(AVAILABLE, { username: someUsername() })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(BUDGETS.available.points);
      expect(answers.find(({ status }) => status !== 200)).toMatchObject({
        status: 429,
        body: { code: 'too_many_requests' },
      });
      expect((await ask({ username: someUsername() })).status).toBe(200);
    });
  });

  describe('a request with an Idempotency-Key', () => {
    const body = (fields: object = {}): object => ({ email: someEmail(), password: PASSWORD, ...fields });
    const register = (fields: object, key: string, from = new ClientFrom(target)): Promise<Answer> =>
      from.post('/api/auth/register', fields, { headers: { 'idempotency-key': key } });

    const countOf = async (table: string, condition: string, value: unknown): Promise<number> =>
      (await target.database.query(`SELECT count(*)::int AS n FROM ${table} WHERE ${condition}`, [value]))[0]
        .n;

    it('that is sent again gets its first answer, and its tokens work', async () => {
      const [fields, key] = [body({ firstName: 'Ada' }), randomUUID()];
      const first = await register(fields, key);
      const again = await register(fields, key);
      expect([first.status, again.status]).toEqual([201, 201]);
      const { token, refreshToken, user, refreshExpiresAt } = again.body;
      expect({ refreshToken, user, refreshExpiresAt }).toMatchObject({
        refreshToken: first.body.refreshToken,
        user: { id: first.body.user.id },
        refreshExpiresAt: first.body.refreshExpiresAt,
      });
      client = new ClientFrom(target);
      for (const each of [first.body.token, token])
        expect((await client.get('/api/user', { token: each })).status).toBe(200);
      expect(await countOf('sessions', 'user_id = $1', user.id)).toBe(1);
      expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
      // Now the answer is in use.
      expect(await register(fields, key)).toMatchObject({
        status: 422,
        body: { code: 'idempotency_key_reused' },
      });
    });

    it('that is sent many times at once makes one account, and all get its answer', async () => {
      const [rounds, address] = [3, someAddress()];
      for (let round = 0; round < rounds; round += 1) {
        const [fields, key] = [body({ username: someUsername() }), randomUUID()];
        const from = [target, replica].map((app) => new ClientFrom(app, address));
        const many = (): Promise<Answer[]> =>
          Promise.all(
            Array.from({ length: 2 * BUDGETS.register.points }, (_, turn) =>
              register(fields, key, from[turn % 2]),
            ),
          );
        const answers = [...(await many()), ...(await many())];
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
        expect(new Set(answers.map(({ body: bundle }) => bundle.refreshToken)).size).toBe(1);
        expect(await countOf('users', 'email = $1', (fields as { email: string }).email)).toBe(1);
        expect(await countOf('sessions', 'user_id = $1', answers[0]?.body.user.id)).toBe(1);
      }
      // Each counts as one registration.
      const others = Array.from({ length: BUDGETS.register.points - rounds }, () =>
        register(body(), randomUUID(), new ClientFrom(target, address)),
      );
      for (const { status } of await Promise.all(others)) expect(status).toBe(201);
      expect((await register(body(), randomUUID(), new ClientFrom(target, address))).status).toBe(429);
    });

    it('is refused with other fields or another password, and tells nothing', async () => {
      const [fields, key] = [body(), randomUUID()];
      await register(fields, key);
      for (const other of [
        { email: someEmail() },
        { firstName: 'Eve' },
        { password: 'another horse battery' },
      ]) {
        const refused = await register({ ...fields, ...other }, key);
        expect(refused).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
        expect(refused.body).not.toHaveProperty('token');
      }
      expect((await register(fields, key)).status).toBe(201);
    });

    it('may be tried again when it failed', async () => {
      const key = randomUUID();
      const { user } = await new ClientFrom(target).register();
      const taken = body({ email: user.email });
      expect((await register(taken, key)).body.code).toBe('email_taken');
      expect((await register(taken, key)).body.code).toBe('email_taken');
      expect((await register(body({ password: 'password1' }), key)).body.code).toBe('weak_password');
      expect((await register(body(), key)).status).toBe(201);
    });

    it('does not count against the limit when it is repeated', async () => {
      client = new ClientFrom(target);
      for (let turn = 1; turn < BUDGETS.register.points; turn += 1)
        await register(body(), randomUUID(), client);
      const [fields, key] = [body(), randomUUID()];
      for (let turn = 0; turn < 3; turn += 1) expect((await register(fields, key, client)).status).toBe(201);
      expect((await register(body(), randomUUID(), client)).status).toBe(429);
      expect((await register(fields, key, client)).status).toBe(201);
    });

    it('is no way round a second factor, nor back into a session that has ended', async () => {
      const [fields, key] = [body() as { email: string }, randomUUID()];
      const { token, refreshToken, user } = (await register(fields, key)).body;
      await target.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [user.id]);
      await target.catchUp();
      await enrol(target, { id: user.id, email: fields.email, token, refreshToken });
      expect((await register(fields, key)).body.code).toBe('idempotency_key_reused');
      const [others, second] = [body(), randomUUID()];
      client = new ClientFrom(target);
      const ended = (await register(others, second)).body;
      await client.post('/api/auth/logout', {}, { token: ended.token });
      expect((await register(others, second)).body.code).toBe('idempotency_key_reused');
    });

    it('ENUM-03 in verified mode mails once, and is answered alike for every address', async () => {
      const through = (): ClientFrom => new ClientFrom(modes.verified as TestApp);
      const { user } = await new ClientFrom(target).register();
      await target.mailbox.newest(user.email);
      for (const email of [someEmail(), user.email]) {
        const earlier = (await target.mailbox.all(email)).length;
        const [fields, key] = [body({ email }), randomUUID()];
        const answers = await Promise.all(Array.from({ length: 5 }, () => register(fields, key, through())));
        answers.push(await register(fields, key, through()));
        for (const answer of answers) expect(answer).toMatchObject({ status: 202, body: {} });
        await target.mailbox.newest(email, /./, earlier + 1);
        expect(
          await countOf(
            'mail_outbox',
            `letter = 'confirm-registration' AND created_at > now() - interval '5 s' AND $1 <> ''`,
            email,
          ),
        ).toBeLessThanOrEqual(2);
        expect(await target.mailbox.all(email)).toHaveLength(earlier + 1);
        expect((await register(body({ email, firstName: 'Eve' }), key, through())).status).toBe(422);
      }
    });

    it('is forgotten after a day', async () => {
      const [fields, key] = [body(), randomUUID()];
      await register(fields, key);
      await target.database.query("UPDATE registration_keys SET created_at = now() - interval '25 hours'");
      expect((await register(fields, key)).body.code).toBe('email_taken');
      expect((await register(body(), key)).status).toBe(201);
      await target.database.query("UPDATE registration_keys SET created_at = now() - interval '25 hours'");
      await target.app.get(Housekeeping).run();
      expect(await target.database.query('SELECT 1 FROM registration_keys')).toEqual([]);
    });

    it('is kept in a form that tells nothing', async () => {
      const [fields, key] = [body({ firstName: 'Zoltan' }), randomUUID()];
      await register(fields, key);
      const kept = JSON.stringify(
        await target.database.query(
          "SELECT encode(key, 'escape') k, encode(request, 'escape') r FROM registration_keys",
        ),
      );
      for (const part of [key, 'Zoltan', PASSWORD]) expect(kept).not.toContain(part);
    });

    it.each(['', 'two words', 'x'.repeat(256), 'ü'])('%j is no key', async (key) => {
      const headers = {
        'idempotency-key':
          encodeURI(key) === key || key === 'two words' ? key : Buffer.from(key).toString('latin1'),
      };
      const answer = await new ClientFrom(target).post('/api/auth/register', body(), { headers });
      expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
    });
  });
});
