import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUDGETS, REFRESH_BUDGET } from '../../src/limits/budgets.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, PASSWORD, someEmail } from '../support/client.js';
import { ClientFrom, LOCAL_PROXY, someAddress } from '../support/client-from.js';

const WRONG = 'wrong horse battery';
const LIM = { status: 429, body: { code: 'too_many_requests' } };
const LINK = { status: 422, body: { code: 'link_invalid' } };

const someToken = (): string => randomBytes(32).toString('base64url');

describe('what a network or a person may do only so often', () => {
  let target: TestApp;
  let replica: TestApp;

  beforeAll(async () => {
    const environment = { RATE_LIMIT: 'on', TRUSTED_PROXIES: LOCAL_PROXY };
    target = await startApp(environment);
    replica = await startApp(environment, target);
  });
  afterAll(async () => {
    await replica.close();
    await target.close();
  });

  async function letPass(...budgets: string[]): Promise<void> {
    const sql =
      "UPDATE limits SET expires_at = now() - interval '1 s' WHERE split_part(key, ':', 1) = ANY($1)";
    await target.database.query(sql, [budgets]);
  }

  it('BRF-16 registers ten an hour, whatever comes of it', async () => {
    const address = someAddress();
    const clients = [new ClientFrom(target, address), new ClientFrom(replica, address)];
    const register = (turn: number, fields: object): Promise<Answer> =>
      (clients[turn % 2] as ClientFrom).post('/api/auth/register', {
        email: someEmail(),
        password: PASSWORD,
        ...fields,
      });
    const taken = (await register(0, {})).body.user.email;
    for (let turn = 0; turn < 20; turn += 1)
      expect((await register(turn, { email: 'none' })).status).toBe(400);
    for (let turn = 1; turn < BUDGETS.register.points; turn += 1) {
      const [status, fields] =
        turn % 3 ? [201, {}] : turn % 2 ? [409, { email: taken }] : [422, { password: 'password1' }];
      expect((await register(turn, fields)).status).toBe(status);
    }
    expect(await register(0, {})).toMatchObject(LIM);
    expect(await register(1, { email: taken })).toMatchObject(LIM);
    expect(
      (await new ClientFrom(target).post('/api/auth/register', { email: someEmail(), password: PASSWORD }))
        .status,
    ).toBe(201);
    await letPass('register');
    expect((await register(0, {})).status).toBe(201);
  });

  it('BRF-16 PWD-14 the password of somebody signed in is guessed five times a minute, whichever route asks', async () => {
    const client = new ClientFrom(target);
    const { token, user } = await client.register();
    const other = await client.register();
    const tries: [string, string, (password: string) => object][] = [
      ['POST', '/api/user/confirm-password', (password) => ({ password })],
      [
        'POST',
        '/api/user/password',
        (currentPassword) => ({ currentPassword, newPassword: 'another horse battery' }),
      ],
      ['POST', '/api/user/email', (password) => ({ email: someEmail(), password })],
      ['DELETE', '/api/user', (password) => ({ password })],
      ['POST', '/api/user/confirm-password', (password) => ({ password })],
    ];
    expect(tries).toHaveLength(BUDGETS['own-password'].points);
    for (const [method, path, body] of tries) {
      const answer = await client.request(method, path, { token, body: body(WRONG) });
      expect(answer, path).toMatchObject({ status: 422, body: { code: 'password_incorrect' } });
    }
    for (const [method, path, body] of tries) {
      // From elsewhere, too.
      const answer = await new ClientFrom(replica).request(method, path, { token, body: body(PASSWORD) });
      expect(answer, path).toMatchObject(LIM);
    }
    const confirmed = await client.post(
      '/api/user/confirm-password',
      { password: PASSWORD },
      { token: other.token },
    );
    expect(confirmed.status).toBe(200);
    // It is not the budget of signing in.
    expect((await client.login(user.email)).status).toBe(200);
    await letPass('own-password');
    for (let turn = 0; turn < 8; turn += 1) {
      expect(
        (await client.post('/api/user/confirm-password', { password: PASSWORD }, { token })).status,
      ).toBe(200);
    }
  });

  it('BRF-16 nor by somebody patient: twenty an hour, until a right one', async () => {
    const client = new ClientFrom(target);
    const { token } = await client.register();
    const confirm = (password: string): Promise<Answer> =>
      client.post('/api/user/confirm-password', { password }, { token });
    const guess = async (times: number): Promise<void> => {
      for (let turn = 0; turn < times; turn += 1) {
        await letPass('own-password');
        expect(await confirm(WRONG)).toMatchObject({ status: 422, body: { code: 'password_incorrect' } });
      }
      await letPass('own-password');
    };
    const { points } = BUDGETS['own-password-hour'];
    await guess(points - 1);
    expect((await confirm(PASSWORD)).status).toBe(200);
    await guess(points);
    for (const password of [WRONG, PASSWORD]) expect(await confirm(password)).toMatchObject(LIM);
    await letPass('own-password-hour');
    expect((await confirm(PASSWORD)).status).toBe(200);
  });

  it('RST-12 a thousand wrong links: ten a minute from one network, and right ones are not counted', async () => {
    const guesser = new ClientFrom(target);
    const guess = (turn: number): Promise<Answer> =>
      turn % 2
        ? guesser.post('/api/auth/email/verify', { token: someToken() })
        : guesser.post('/api/auth/password/reset', { token: someToken(), password: PASSWORD });
    const answers: Answer[] = [];
    // A hundred at once, which the listening socket takes everywhere.
    for (let wave = 0; wave < 10; wave += 1) {
      answers.push(...(await Promise.all(Array.from({ length: 100 }, (_, turn) => guess(turn)))));
    }
    expect(answers).toHaveLength(1000);
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(BUDGETS['link-guesses'].points);
    for (const answer of answers) expect(answer).toMatchObject(answer.status === 422 ? LINK : LIM);
    // From many networks each gets its own; nobody else is affected.
    for (let network = 0; network < 12; network += 1) {
      expect(
        await new ClientFrom(target).post('/api/auth/email/verify', { token: someToken() }),
      ).toMatchObject(LINK);
    }
    const client = new ClientFrom(target);
    const { user } = await client.register();
    for (let turn = 1; turn < BUDGETS['link-guesses'].points; turn += 1) {
      expect(await client.post('/api/auth/email/undo', { token: someToken() })).toMatchObject(LINK);
    }
    const { token } = await target.mailbox.newest(user.email, /confirm|verify/i);
    expect((await client.post('/api/auth/email/verify', { token })).status).toBe(204);
    await client.post('/api/auth/password/forgot', { email: user.email });
    const { token: reset } = await target.mailbox.newest(user.email, /Choose/);
    for (let turn = 0; turn < 5; turn += 1) {
      expect(
        (await client.post('/api/auth/password/reset', { token: reset, password: 'password1' })).status,
      ).toBe(422);
    }
    expect(
      (await client.post('/api/auth/password/reset', { token: reset, password: 'another horse battery' }))
        .status,
    ).toBe(204);
    expect(await client.post('/api/auth/password/reset', { token: reset, password: PASSWORD })).toMatchObject(
      LINK,
    );
    expect(await client.post('/api/auth/email/verify', { token: someToken() })).toMatchObject(LIM);
  });

  it('takes 300 secrets a minute from one network, whatever they are', async () => {
    const client = new ClientFrom(target);
    const { points } = BUDGETS['public-secrets'];
    let answered = 0;
    const challenge = { id: someToken(), code: '123456' };
    while (answered < points + 10) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => client.post('/api/auth/challenge', challenge)),
      );
      answered += answers.length;
      const expected = answered <= points ? { status: 422 } : LIM;
      for (const answer of answers) expect(answer).toMatchObject(expected);
    }
    expect(await client.login(someEmail())).toMatchObject(LIM);
    expect(await client.post('/api/auth/password/forgot', { email: someEmail() })).toMatchObject(LIM);
    // Not what server-rendered frontends ask for everybody from one address.
    const { token, refreshToken } = await new ClientFrom(target).register();
    expect((await client.get('/api/auth/session', { token })).status).toBe(200);
    expect((await client.get('/api/token', { token })).body).toMatchObject({ iss: expect.any(String) });
    expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
  });

  it('NX-06 never limits who somebody is, nor refreshing of many from one network', async () => {
    const client = new ClientFrom(target);
    const { token } = await client.register();
    for (let round = 0; round < 10; round += 1) {
      const asked = Array.from({ length: 50 }, (_, turn) =>
        turn % 2 ? client.get('/api/auth/session', { token }) : client.get('/api/token', { token }),
      );
      for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
    }
    const sessions = await Promise.all(Array.from({ length: 12 }, () => new ClientFrom(target).register()));
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(
        sessions.map(async (session) => {
          const { status, body } = await client.post('/api/auth/refresh', {
            refreshToken: session.refreshToken,
          });
          expect(status).toBe(200);
          session.refreshToken = body.refreshToken;
        }),
      );
    }
  });

  it('refreshes a session sixty times a minute; the same token again soon is free', async () => {
    const clients = [new ClientFrom(target), new ClientFrom(replica)];
    const session = await new ClientFrom(target).register();
    const refresh = (turn: number, refreshToken: string): Promise<Answer> =>
      (clients[turn % 2] as ClientFrom).post('/api/auth/refresh', { refreshToken });
    let { refreshToken } = session;
    let previous = refreshToken;
    for (let turn = 0; turn < REFRESH_BUDGET.points; turn += 1) {
      const { status, body } = await refresh(turn, refreshToken);
      expect(status).toBe(200);
      previous = refreshToken;
      ({ refreshToken } = body);
      expect((await refresh(turn, previous)).body.refreshToken).toBe(refreshToken);
    }
    const refused = await refresh(0, refreshToken);
    expect(refused).toMatchObject(LIM);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    for (let turn = 0; turn < 70; turn += 1) expect((await refresh(turn, previous)).status).toBe(200);
    // The session goes on. A minute later it can be refreshed, ...
    expect((await new ClientFrom(target).get('/api/user', { token: session.token })).status).toBe(200);
    const set = (values: string): Promise<unknown> =>
      target.database.query(`UPDATE sessions SET ${values} WHERE id = $1`, [sidOf(session.token)]);
    await set(
      "refreshes_since = refreshes_since - interval '61 s', rotated_at = rotated_at - interval '61 s'",
    );
    for (const { clock } of [target, replica]) clock.advanceSeconds(61);
    // ... also by a client that keeps its first token: each answer counts once, however often it is asked for at once.
    for (let turn = 0; turn < 150; turn += 1) expect((await refresh(0, previous)).status).toBe(200);
    await set(`refreshes = ${REFRESH_BUDGET.points - 1}`);
    target.clock.advanceSeconds(11);
    expect((await refresh(0, previous)).status).toBe(200);
    target.clock.advanceSeconds(11);
    expect(await refresh(0, previous)).toMatchObject(LIM);
    expect(await refresh(0, refreshToken)).toMatchObject(LIM);
  });
});

function sidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid;
}
