import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SignInService } from '../../src/auth/sign-in.service.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';

const LIMIT = 3;

describe('sessions at once', () => {
  let target: TestApp;
  let replica: TestApp;
  let alone: TestApp;

  beforeAll(async () => {
    target = await startApp({ SESSION_LIMIT: String(LIMIT) });
    replica = await startApp({ SESSION_LIMIT: String(LIMIT) }, target);
    alone = await startApp({ BLOCK_CONCURRENT_SESSIONS: 'true', SESSION_LIMIT: String(LIMIT) }, target);
  });
  afterAll(async () => {
    for (const app of [alone, replica, target]) await app.close();
  });

  /** The ids of the live sessions, the oldest first. */
  async function live(email: string): Promise<string[]> {
    const rows = await target.database.query(
      `SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE u.email = $1 AND s.ended_at IS NULL AND s.idle_expires_at > now() ORDER BY s.created_at, s.id`,
      [email],
    );
    return rows.map(({ id }: { id: string }) => id);
  }

  const check = (token: string): Promise<Answer> => new Client(target).get('/api/user', { token });

  it('RFR-16 are as many as allowed; one more ends the oldest, and tells of it', async () => {
    const client = new Client(target);
    const email = someEmail();
    const closed: unknown[] = [];
    target.app.get(DomainEvents).on('session.closed', ({ sid, reason }) => void closed.push({ sid, reason }));
    const tokens = [(await client.register({ email })).token];
    for (let turn = 1; turn < LIMIT; turn += 1) tokens.push((await client.login(email)).body.token);
    const [oldest, second] = await live(email);
    for (const token of tokens) expect((await check(token)).status).toBe(200);
    tokens.push((await client.login(email)).body.token);
    expect((await check(tokens[0] ?? '')).body.code).toBe('session_revoked');
    for (const token of tokens.slice(1)) expect((await check(token)).status).toBe(200);
    expect(closed).toEqual([{ sid: oldest, reason: 'session_limit' }]);
    expect((await live(email))[0]).toBe(second);
    // What has ended by itself takes no room.
    await target.database.query('UPDATE sessions SET idle_expires_at = now() WHERE id = $1', [second]);
    await client.login(email);
    expect((await check(tokens[2] ?? '')).status).toBe(200);
  });

  it(
    'RFR-16 fifty sign-ins at once, at two replicas, never leave more than allowed',
    { timeout: 120_000 },
    async () => {
      // Hashing would only take the time of the others.
      let known: { id: string } | undefined;
      for (const { app } of [target, replica]) {
        app.get(SignInService).onOpening((opening) => {
          if (known) opening.user = known;
        });
      }
      for (let round = 0; round < 20; round += 1) {
        const email = someEmail();
        const clients = [new Client(target), new Client(replica)];
        known = (await (clients[0] as Client).register({ email })).user;
        for (let turn = 2; turn < LIMIT; turn += 1) await (clients[0] as Client).login(email);
        let most = 0;
        let isOver = false;
        const watching = (async () => {
          while (!isOver) most = Math.max(most, (await live(email)).length);
        })();
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, index) => (clients[index % 2] as Client).login(email)),
        );
        isOver = true;
        await watching;
        const tokens = answers.filter(({ status }) => status === 200).map(({ body }) => body.token);
        expect(tokens.length).toBeGreaterThan(LIMIT);
        expect(most).toBeLessThanOrEqual(LIMIT);
        expect(await live(email)).toHaveLength(LIMIT);
        await target.catchUp();
        const statuses = await Promise.all(tokens.map(async (token) => (await check(token)).status));
        expect(statuses.filter((status) => status === 200)).toHaveLength(LIMIT);
      }
      known = undefined;
    },
  );

  it(
    'with BLOCK_CONCURRENT_SESSIONS there is one, also of many sign-ins at once',
    { timeout: 120_000 },
    async () => {
      const email = someEmail();
      const client = new Client(alone);
      const { token } = await client.register({ email });
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.all(Array.from({ length: 20 }, () => client.login(email)));
        expect(answers.some(({ status }) => status === 200)).toBe(true);
        expect(await live(email)).toHaveLength(1);
      }
      const last = (await client.login(email)).body.token;
      expect((await client.get('/api/user', { token: last })).status).toBe(200);
      expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
      const [ended] = await target.database.query(
        "SELECT count(*)::int AS n FROM sessions WHERE end_reason = 'concurrent' AND id <> ALL($1)",
        [await live(email)],
      );
      expect(ended.n).toBeGreaterThan(3);
    },
  );

  it('are any number unless configured', async () => {
    const free = await startApp({}, target);
    const client = new Client(free);
    const email = someEmail();
    await client.register({ email });
    for (let turn = 0; turn < 2 * LIMIT; turn += 1)
      await client.post('/api/auth/login', { login: email, password: PASSWORD });
    expect(await live(email)).toHaveLength(2 * LIMIT + 1);
    await free.close();
  });
});
