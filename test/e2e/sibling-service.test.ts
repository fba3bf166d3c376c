import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AppModule } from '../../examples/sibling-service/src/app.module.js';
import { readConfiguration } from '../../examples/sibling-service/src/configuration.js';
import { Clock } from '../../src/common/clock.js';
import { KeyRotation } from '../../src/tokens/key-rotation.js';
import { UsersService } from '../../src/users/users.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { type Answer, Client, PASSWORD } from '../support/client.js';
import { decodeToken } from '../support/forge.js';
import { Gateway } from '../support/gateway.js';
import { LogRecorder } from '../support/log-recorder.js';
import { ServiceCaller } from '../support/service-caller.js';

describe('the sibling service in examples/, beside the service', () => {
  let service: TestApp;
  let replica: TestApp;
  let gateway: Gateway;
  let credentials: ServiceCaller;
  let app: NestFastifyApplication;
  let people: Client;
  let orders: Client;

  async function startSibling(secret = credentials.secret): Promise<NestFastifyApplication> {
    const { auth } = readConfiguration({
      TOKENHOUSE_ISSUER: 'http://localhost:3000',
      TOKENHOUSE_URL: gateway.url,
      TOKENHOUSE_CLIENT_ID: credentials.id,
      TOKENHOUSE_CLIENT_SECRET: secret,
    });
    const module = await Test.createTestingModule({ imports: [AppModule.forRoot(auth)] })
      .overrideProvider(Clock)
      .useValue(service.clock)
      .compile();
    return module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  }

  beforeAll(async () => {
    service = await startApp();
    replica = await startApp({}, service);
    credentials = await ServiceCaller.create(service, 'revocations:read');
    gateway = await Gateway.start(service);
    app = await startSibling();
    await app.listen(0, '127.0.0.1');
    people = new Client(service);
    orders = new Client({ url: await app.getUrl() });
  });
  afterAll(async () => {
    await app.close();
    await gateway.close();
    await replica.close();
    await service.close();
  });

  const ask = (token?: string): Promise<Answer> => orders.get('/orders', { token });

  /** How long the sibling still takes a token, in milliseconds. */
  async function lastAcceptance(token: string): Promise<number> {
    const begunMs = performance.now();
    for (;;) {
      const { status, body } = await ask(token);
      const elapsedMs = performance.now() - begunMs;
      if (status === 401) {
        expect(body.code).toBe('session_revoked');
        return elapsedMs;
      }
      expect([status, elapsedMs < 10_000]).toEqual([200, true]);
    }
  }

  it('knows the people who signed in at the service', async () => {
    const { token, user } = await people.register();
    expect((await orders.post('/orders', { item: 'Tea' }, { token })).body).toEqual({
      owner: user.id,
      item: 'Tea',
    });
    expect((await ask(token)).body).toEqual([{ owner: user.id, item: 'Tea' }]);
    expect((await orders.get('/orders/me', { token })).body).toEqual({
      id: user.id,
      methods: ['pwd'],
      issuer: 'http://localhost:3000',
    });
    expect((await orders.get('/health/ready')).status).toBe(200);
  });

  describe('JWT-41: refuses within a second what ends at the service by', () => {
    type Person = Awaited<ReturnType<Client['register']>>;
    const ends: Record<string, (person: Person) => Promise<unknown>> = {
      logout: ({ token }) => people.post('/api/auth/logout', undefined, { token }),
      'logout at another replica': ({ token }) =>
        new Client(replica).post('/api/auth/logout', undefined, { token }),
      'ending it from another session': async ({ token, user }) => {
        const other = (await people.login(user.email)).body;
        await people.delete(`/api/user/sessions/${String(decodeToken(token).payload.sid)}`, undefined, {
          token: other.token,
        });
      },
      'a new password': async ({ user }) => {
        const other = (await people.login(user.email)).body;
        const change = { currentPassword: PASSWORD, newPassword: 'battery horse correct' };
        await people.post('/api/user/password', change, { token: other.token });
      },
      'a ban': ({ user }) => service.app.get(UsersService).ban(user.id),
      deletion: ({ user }) => service.app.get(UsersService).delete(user.id),
    };

    it.each(Object.entries(ends))('%s', async (_what, end) => {
      const person = await people.register();
      const bystander = await people.register();
      for (const { token } of [person, bystander]) expect((await ask(token)).status).toBe(200);
      await end(person);
      expect(await lastAcceptance(person.token)).toBeLessThan(1_000);
      expect((await ask(bystander.token)).status).toBe(200);
    });
  });

  it('never takes a token that was revoked before the sibling started', async () => {
    const { token } = await people.register();
    await people.post('/api/auth/logout', undefined, { token });
    const later = await startSibling();
    await later.init();
    const answer = await later.inject({ url: '/orders', headers: { authorization: `Bearer ${token}` } });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'session_revoked']);
    await later.close();
  });

  it('JWT-45: refuses nobody while the service changes its key', async () => {
    const { user, token } = await people.register();
    const kids = new Set<unknown>();
    const tokens = [token];
    for (let round = 0; round < 30; round++) {
      if (round === 10) await service.app.get(KeyRotation).rotate({ now: true });
      tokens.push((await people.login(user.email)).body.token);
      for (const each of tokens) kids.add(decodeToken(each).header.kid);
      const answers = await Promise.all(tokens.map(ask));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    }
    expect(kids.size).toBe(2);
  });

  it('takes nothing any more that a killed key has signed, and what its successor signs', async () => {
    const { token, refreshToken } = await people.register();
    expect((await ask(token)).status).toBe(200);
    await service.app.get(KeyRotation).kill(String(decodeToken(token).header.kid));
    await vi.waitFor(async () => expect((await ask(token)).body.code).toBe('token_invalid'), 1_000);
    await vi.waitFor(async () => {
      const refreshed = await people.post('/api/auth/refresh', { refreshToken });
      expect((await ask(refreshed.body.token)).status).toBe(200);
    }, 3_000);
  });

  it('refuses with the codes, challenges and words of the service', async () => {
    const { token } = await people.register();
    const [header, payload = '', signature = ''] = token.split('.');
    const last = payload.at(-1) === 'A' ? 'B' : 'A';
    for (const bad of [
      undefined,
      'nonsense',
      `${header}.${payload}.`,
      `${header}.${payload.slice(0, -1)}${last}.${signature}`,
      'x'.repeat(9000),
    ]) {
      const [here, there] = [await ask(bad), await people.get('/api/auth/session', { token: bad })];
      const { status, code, detail, title, type } = there.body;
      expect(here.body).toMatchObject({ status, code, detail, title, type });
      for (const name of ['www-authenticate', 'cache-control']) {
        expect(here.headers.get(name)).toBe(there.headers.get(name));
      }
      expect(status).toBe(401);
    }
  });

  it('lets a token expire', async () => {
    const { token } = await people.register();
    service.clock.advanceSeconds(3_661);
    expect((await ask(token)).body.code).toBe('token_expired');
    service.clock.reset();
  });

  it('asks for a fresh proof, which the service gives', async () => {
    const { token } = await people.register();
    expect((await orders.delete('/orders', undefined, { token })).status).toBe(204);
    service.clock.advanceSeconds(16 * 60);
    expect((await orders.delete('/orders', undefined, { token })).body).toMatchObject({
      status: 403,
      code: 'step_up_required',
    });
    service.clock.reset();
    const confirmed = await people.post('/api/user/confirm-password', { password: PASSWORD }, { token });
    expect((await orders.delete('/orders', undefined, { token: confirmed.body.token })).status).toBe(204);
  });

  it('says what is wrong with its credentials, and stays closed', async () => {
    const { token } = await people.register();
    const misled = await startSibling('wrong');
    const log = LogRecorder.of({ app: misled });
    await misled.init();
    const answer = await misled.inject({ url: '/orders', headers: { authorization: `Bearer ${token}` } });
    expect(answer.statusCode).toBe(503);
    expect(log.text).toContain('401 invalid_client. It does not know these credentials');
    await misled.close();
  });

  it('follows another replica from where it was when the one that it asked is gone', async () => {
    const { token } = await people.register();
    const before = await people.register();
    for (const each of [token, before.token]) expect((await ask(each)).status).toBe(200);
    await people.post('/api/auth/logout', undefined, { token: before.token });
    gateway.turnTo(replica);
    await people.post('/api/auth/logout', undefined, { token });
    for (const each of [token, before.token]) expect(await lastAcceptance(each)).toBeLessThan(1_000);
    expect((await orders.get('/health/ready')).status).toBe(200);
    gateway.turnTo(service);
  });
});
