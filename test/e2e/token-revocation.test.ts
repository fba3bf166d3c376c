import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { ServiceCaller } from '../support/service-caller.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('POST /oauth/revoke (BT-11)', () => {
  let target: TestApp;
  let client: Client;
  let service: ServiceCaller;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    service = await ServiceCaller.create(target, 'tokens:revoke');
  });
  afterAll(() => target.close());

  async function expectEnded({ token, refreshToken }: Record<string, string>): Promise<void> {
    expect((await client.get('/api/user', { token })).body.code).toBe('session_revoked');
    expect((await client.post('/api/auth/refresh', { refreshToken })).body.code).toBe('session_revoked');
  }

  it.each(['token', 'refreshToken'])('JWT-41: ends the session of a %s, both ways', async (name) => {
    const bundle = await client.register();
    const other = (await client.login(bundle.user.email)).body;
    const { status, headers, body } = await service.revoke(bundle[name]);
    expect([status, body]).toEqual([200, undefined]);
    expect(headers.get('cache-control')).toBe('no-store');
    await expectEnded(bundle);
    expect((await client.get('/api/user', { token: other.token })).status).toBe(200);
  });

  it('ends the session of a refresh token that was used already, and of a late access token', async () => {
    const first = await client.register();
    const second = (await client.post('/api/auth/refresh', { refreshToken: first.refreshToken })).body;
    expect((await service.revoke(first.refreshToken)).status).toBe(200);
    await expectEnded(second);

    const late = await client.register();
    target.clock.advanceSeconds(3600 + 61);
    expect((await service.revoke(late.token)).status).toBe(200);
    target.clock.reset();
    await expectEnded(late);
  });

  it('answers the same for a token that is unknown or ended, and whatever the hint', async () => {
    const { token } = await client.register();
    for (const each of ['nonsense', 'x'.repeat(20_000), `${token.slice(0, -4)}AAAA`, token, token]) {
      const { status, body } = await service.revoke(each, { token_type_hint: 'saml' });
      expect([each.slice(0, 20), status, body]).toEqual([each.slice(0, 20), 200, undefined]);
    }
  });

  it('does nothing without a token, or with two', async () => {
    const { token } = await client.register();
    for (const form of [
      [],
      [['token', '']],
      [
        ['token', token],
        ['token', token],
      ],
    ] as [string, string][][]) {
      const { status, body } = await service.post('/oauth/revoke', form);
      expect([status, body.error]).toEqual([400, 'invalid_request']);
    }
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });

  it('does not say that it is done when the database is away', async () => {
    const network = await new TcpProxy(String(target.environment.DATABASE_URL)).open();
    const cut = await startApp({ DATABASE_URL: network.url }, target);
    const { token } = await client.register();
    await network.cut();
    try {
      const { status, headers, body } = await service.at(cut).revoke(token);
      expect([status, body.error]).toEqual([503, 'temporarily_unavailable']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await cut.close();
    }
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });
});
