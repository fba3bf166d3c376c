import 'reflect-metadata';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { startTestIssuer, type TestIssuer } from 'tokenhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';

const ADA = '019b7700-0000-7000-8000-000000000001';

describe('orders', () => {
  let issuer: TestIssuer;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    issuer = await startTestIssuer();
    const module = await Test.createTestingModule({
      imports: [AppModule.forRoot(issuer.clientOptions({ silenceSeconds: 3 }))],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await issuer.close();
  });

  async function call(method: 'GET' | 'POST' | 'DELETE', url: string, token?: string, payload?: object) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { statusCode, body } = await app.inject({ method, url, headers, ...(payload && { payload }) });
    return {
      status: statusCode,
      body: body === '' ? undefined : (JSON.parse(body) as Record<string, unknown>),
    };
  }

  it('are of whoever asks', async () => {
    const token = issuer.token({ sub: ADA });
    await call('POST', '/orders', token, { item: 'Tea' });
    expect((await call('GET', '/orders', token)).body).toEqual([{ owner: ADA, item: 'Tea' }]);
    expect((await call('GET', '/orders', issuer.token())).body).toEqual([]);
    expect((await call('GET', '/orders/me', token)).body).toMatchObject({ id: ADA, methods: ['pwd'] });
  });

  it('need a token, save for what is public', async () => {
    expect(await call('GET', '/orders')).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    const late = issuer.token({ expiresInSeconds: -120 });
    expect(await call('GET', '/orders', late)).toMatchObject({
      status: 401,
      body: { code: 'token_expired' },
    });
    expect((await call('GET', '/orders/about')).status).toBe(200);
  });

  it('are refused once the session is over', async () => {
    const sid = 'some-session';
    const token = issuer.token({ sid });
    expect((await call('GET', '/orders', token)).status).toBe(200);
    await issuer.revoke({ sid });
    expect(await call('GET', '/orders', token)).toMatchObject({
      status: 401,
      body: { code: 'session_revoked' },
    });
  });

  it('are cancelled only with a fresh proof', async () => {
    const anHourAgo = new Date(Date.now() - 3_600_000);
    const stale = issuer.token({ authenticatedAt: anHourAgo });
    expect(await call('DELETE', '/orders', stale)).toMatchObject({
      status: 403,
      body: { code: 'step_up_required' },
    });
    expect((await call('DELETE', '/orders', issuer.token())).status).toBe(204);
  });

  it('go on when the issuer changes its key', async () => {
    await issuer.rotateKey();
    expect((await call('GET', '/orders', issuer.token())).status).toBe(200);
  });

  it('are closed while nothing is heard of revocations', async () => {
    const token = issuer.token();
    expect((await call('GET', '/health/ready')).status).toBe(200);
    issuer.fallSilent();
    await expect.poll(async () => (await call('GET', '/orders', token)).status, { timeout: 6_000 }).toBe(503);
    expect((await call('GET', '/health/ready')).status).toBe(503);
    issuer.speak();
    await expect.poll(async () => (await call('GET', '/orders', token)).status, { timeout: 6_000 }).toBe(200);
  }, 15_000);
});
