import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthService } from '../../src/auth/auth.service.js';
import { OneTimeLinks } from '../../src/links/one-time-links.service.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD, someEmail } from '../support/client.js';

const NEW_PASSWORD = 'an entirely new password';

/** Attacks that were found by trying, beyond the catalogue in the security design. */
describe('attacks', () => {
  let target: TestApp;
  let replica: TestApp;
  let client: Client;
  let other: Client;

  beforeAll(async () => {
    target = await startApp();
    replica = await startApp({}, target);
    client = new Client(target);
    other = new Client(replica);
  });
  afterAll(async () => {
    await replica.close();
    await target.close();
  });

  const outcome = ({ status, body }: Answer): string => `${status} ${body?.code ?? ''}`.trim();
  const prove = (token: string): Promise<Answer> => client.post('/api/auth/email/verify', { token });
  const undo = (token: string): Promise<Answer> => other.post('/api/auth/email/undo', { token });
  const reset = (token: string): Promise<Answer> =>
    client.post('/api/auth/password/reset', { token, password: NEW_PASSWORD });

  /** The secret of a link as its letter would bring it. */
  async function link(purpose: string, id: string, address: string): Promise<string> {
    const links = target.app.get(OneTimeLinks);
    const issued = await links.issue(purpose, { id, address }, target.database.manager);
    return String(issued.link.searchParams.get('token'));
  }

  /** Somebody who asked for a new address, with the link that proves it. */
  async function changing(): Promise<{
    id: string;
    email: string;
    token: string;
    to: string;
    proof: string;
  }> {
    const { user, token } = await client.register();
    const to = someEmail('new');
    await target.app.get(UsersService).setPendingEmail(user.id, to, target.database.manager);
    return { id: user.id, email: user.email, token, to, proof: await link('change-email', user.id, to) };
  }

  describe('a thief who knows the password, while the owner resets it', () => {
    it.each([1, 2, 3, 4, 5])('cannot change the address any more (round %i)', async () => {
      const { user, token } = await client.register();
      const secret = await link('reset-password', user.id, user.email);
      const body = { email: someEmail('thief'), password: PASSWORD };
      const [done, ...thief] = await Promise.all([
        reset(secret),
        ...Array.from({ length: 4 }, () => client.post('/api/user/email', body, { token })),
      ]);
      expect(outcome(done)).toBe('204');
      const owner = (await client.login(user.email, NEW_PASSWORD)).body.user;
      expect(owner.pendingEmail, thief.map(outcome).join()).toBeNull();
    });

    it.each([1, 2, 3, 4, 5])('does not delete the account after it (round %i)', async () => {
      const { user, token } = await client.register();
      const secret = await link('reset-password', user.id, user.email);
      const [owner, thief] = await Promise.all([
        reset(secret),
        client.delete('/api/user', { password: PASSWORD }, { token }),
      ]);
      const login = await client.login(user.email, NEW_PASSWORD);
      // Whoever came first has won, and the other one was told.
      expect([outcome(owner), outcome(thief), login.status]).toEqual(
        owner.status === 204
          ? ['204', expect.stringMatching(/422 password_incorrect|401 session_revoked/), 200]
          : ['422 link_invalid', '204', 401],
      );
    });
  });

  describe('links', () => {
    it('a reset link that was made for a former address opens nothing', async () => {
      const { id, email, proof, to } = await changing();
      expect((await prove(proof)).status).toBe(204);
      // As by a letter that was being written during the change.
      const stale = await link('reset-password', id, email);
      expect(outcome(await reset(stale))).toBe('422 link_invalid');
      expect((await client.login(to)).status).toBe(200);
    });
  });

  describe('two changes of one account at once, on two replicas, wait for each other and never fail', () => {
    const pairs: Record<string, (who: Awaited<ReturnType<typeof changing>>) => Promise<Answer[]>> = {
      'proving a new address, and calling it off': ({ token, proof }) =>
        Promise.all([prove(proof), other.delete('/api/user/email', undefined, { token })]),
      'proving a new address, and taking the old one back': async ({ id, email, proof }) => {
        const secret = await link('undo-email', id, email);
        return Promise.all([prove(proof), undo(secret)]);
      },
      'proving a new address, and a ban': async ({ id, proof }) => {
        const banned = replica.app.get(UsersService).ban(id);
        const proven = await prove(proof);
        expect(await banned).toBe(true);
        return [proven];
      },
      'resetting the password, and deleting the account': async ({ id, email, token }) => {
        const secret = await link('reset-password', id, email);
        return Promise.all([reset(secret), other.delete('/api/user', undefined, { token })]);
      },
    };
    it.each(Object.keys(pairs))('%s', async (name) => {
      for (let round = 0; round < 6; round += 1) {
        const answers = await pairs[name]?.(await changing());
        for (const answer of answers ?? []) {
          expect(outcome(answer)).toMatch(/^(?:204|422 link_invalid|401 session_revoked)$/);
        }
      }
    });
  });

  describe('bodies', () => {
    it.each([
      { login: null, email: 5 },
      { login: null, email: { a: 1 } },
      { login: null, username: [1] },
      { login: null, email: null, username: 7 },
      { login: null, email: 'ada@example.com' },
      { email: null, username: 'ada' },
    ])('login with %j does not fit', async (names) => {
      const answer = await client.post('/api/auth/login', { ...names, password: PASSWORD });
      expect(outcome(answer)).toBe('400 validation_failed');
    });

    // 48,000 marks that normalising sorts one by one would stop the service for seconds.
    const marks = `a${'\u0300\u0323'.repeat(24_000)}`;
    it.each([
      ['password', '/api/auth/login', { login: 'ada@example.com', password: marks }],
      ['new password', '/api/auth/password/reset', { token: 'x', password: marks }],
      ['name', '/api/auth/register', { email: 'ada@example.com', password: PASSWORD, firstName: marks }],
    ])('a %s of combining marks costs no time', async (_what, path, body) => {
      const before = performance.eventLoopUtilization();
      expect(outcome(await client.post(path, body))).toBe('400 validation_failed');
      const { active } = performance.eventLoopUtilization(before);
      expect(active).toBeLessThan(500);
    });

    it('a name and a password of many marks are as good as any', async () => {
      const lastName = 'ệ'.repeat(255).normalize('NFD');
      const password = 'ǖ'.repeat(512).normalize('NFD');
      const { user } = await client.register({ lastName, password });
      expect(user.lastName).toBe('ệ'.repeat(255));
      expect((await client.login(user.email, 'ǖ'.repeat(512))).status).toBe(200);
    });
  });

  it('in code, text that is no id at all is nobody', async () => {
    const [auth, users] = [target.app.get(AuthService), target.app.get(UsersService)];
    for (const id of ['abc', '', "'; DROP TABLE users; --", '\0']) {
      expect(await users.findById(id)).toBeNull();
      expect(await auth.getBearerToken({ id })).toBeNull();
    }
    expect(await auth.getBearerToken({ id: undefined as unknown as string })).toBeNull();
  });

  describe('headers', () => {
    it('nothing personal is cacheable under another spelling of its path', async () => {
      const { token } = await client.register();
      for (const path of ['/%61pi/user', '/api/%75ser', '/ap%69/auth/session', '/%61pi/nothing']) {
        const { headers } = await client.get(path, { token });
        expect(headers.get('cache-control'), path).toBe('no-store');
      }
      const absolute = await send(`GET http://evil.test/api/user HTTP/1.1\r\nAuthorization: Bearer ${token}`);
      expect(absolute).toMatch(/^HTTP\/1\.1 200 /);
      expect(absolute.toLowerCase()).toContain('\r\ncache-control: no-store\r\n');
    });

    it('one of our cookies twice is refused, however its name is spaced', async () => {
      const [one, two] = [await client.register(), await client.register()];
      for (const space of ['', ' ', '\t']) {
        const cookie = `session${space}=${one.token}; session=${two.token}`;
        expect(outcome(await client.get('/api/user', { headers: { cookie } }))).toBe('400 malformed_request');
      }
    });

    it.each(['Basic YTpi', 'Digest username="a"', 'Negotiate abc', 'NTLM abc'])(
      'credentials that browsers add by themselves (%s) open no way around the origin check',
      async (authorization) => {
        const { token, refreshToken } = await client.register();
        const headers = { authorization, cookie: `refresh=${refreshToken}`, origin: 'https://evil.example' };
        for (const path of ['/api/auth/refresh', '/api/auth/logout']) {
          expect(outcome(await client.post(path, {}, { headers }))).toBe('403 csrf_rejected');
        }
        expect((await client.get('/api/user', { token })).status).toBe(200);
      },
    );

    it('requests on one connection never speak for each other', async () => {
      const people = [await client.register(), await client.register(), null];
      const body = '{"lastName":"Lovelace"}';
      const requests = Array.from({ length: 120 }, (_, index) => {
        const person = people[index % 3];
        if (!person) return 'GET /api/user HTTP/1.1\r\nHost: x\r\n\r\n';
        const head = `Host: x\r\nAuthorization: Bearer ${person.token}`;
        return `PATCH /api/user HTTP/1.1\r\n${head}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      });
      const answers = (await exchange(requests.join(''), 120)).split('HTTP/1.1 ').slice(1);
      const speakers = answers.map((text) =>
        /"email":"([^"]+)"|"code":"(\w+)"/.exec(text)?.slice(1).join(''),
      );
      expect(speakers).toEqual(requests.map((_, index) => people[index % 3]?.user.email ?? 'token_missing'));
      const ids = answers.flatMap((text) => /"requestId":"([^"]+)"/.exec(text)?.[1] ?? []);
      expect(new Set(ids).size).toBe(40);
    });
  });

  const send = (head: string): Promise<string> =>
    exchange(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n`, 1);

  /** Raw bytes there, and back until as many answers have come. */
  function exchange(bytes: string, answers: number): Promise<string> {
    const { hostname, port } = new URL(target.url);
    return new Promise((resolve, reject) => {
      let received = '';
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        const complete =
          [...received.matchAll(/HTTP\/1\.1 \d/g)].length === answers && received.endsWith('}');
        if (complete) socket.destroy();
      });
      socket.on('close', () => resolve(received));
      socket.on('error', reject);
    });
  }
});
