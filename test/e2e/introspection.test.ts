import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { TokenBundles } from '../../src/auth/token-bundle.js';
import { OauthModule } from '../../src/oauth/oauth.module.js';
import { ServiceClientsService } from '../../src/service-clients/service-clients.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { enrol } from '../support/authenticator.js';
import { Client, PASSWORD } from '../support/client.js';
import { decodeToken, forgeAccessToken, forgeToken } from '../support/forge.js';
import { startHost } from '../support/host-app.js';
import { ServiceCaller } from '../support/service-caller.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('POST /oauth/introspect (BT-10)', () => {
  let target: TestApp;
  let client: Client;
  let service: ServiceCaller;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    service = await ServiceCaller.create(target, 'tokens:introspect');
  });
  afterAll(() => target.close());

  /** Dead for whatever reason: the same bytes, and no reason. */
  async function expectDead(token: string, why: string): Promise<void> {
    const { status, body } = await service.introspect(token);
    expect([why, status, body]).toEqual([why, 200, { active: false }]);
  }

  it('tells what an access token says', async () => {
    const { token, user } = await client.register({ username: `ada.${Date.now()}` });
    const { status, headers, body } = await service.introspect(token);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(body).toEqual({
      ...decodeToken(token).payload,
      active: true,
      token_type: 'Bearer',
      username: user.username,
    });
    expect(body.sub).toBe(user.id);
    expect(JSON.stringify(body)).not.toContain(user.email);
  });

  it('tells the claims of a hook, and none of them in the place of ours', async () => {
    target.app.get(TokenBundles).addClaims(() => ({ tenant: 'acme', active: false, token_type: 'mac' }));
    const { token } = await client.register();
    const { body } = await service.introspect(token);
    expect(body).toMatchObject({ active: true, token_type: 'Bearer', tenant: 'acme' });
    expect(body).not.toHaveProperty('username');
  });

  it('MFA-14: tells how the person is proven now, also of a token from before', async () => {
    const { token, recoveryCodes } = await enrol(target);
    expect(decodeToken(token).payload.amr).toEqual(['pwd']);
    expect((await service.introspect(token)).body.amr).toEqual(['pwd', 'otp', 'mfa']);
    const confirmation = { password: PASSWORD, recoveryCode: recoveryCodes[0] };
    const confirmed = (await client.post('/api/user/confirm-password', confirmation, { token })).body.token;
    expect(decodeToken(confirmed).payload.amr).toContain('mfa');
    const { auth_time: since } = decodeToken(confirmed).payload;
    expect((await service.introspect(token)).body.auth_time).toBe(since);
    const off = await client.delete('/api/user/two-factor', { recoveryCode: recoveryCodes[1] }, { token });
    expect(off.status).toBe(204);
    expect((await service.introspect(confirmed)).body.amr).not.toContain('mfa');
  });

  it('knows a refresh token, as long as refreshing would take it', async () => {
    const { refreshToken, token, user } = await client.register();
    const { sid } = decodeToken(token).payload;
    const first = (await service.introspect(refreshToken)).body;
    expect(first).toMatchObject({ active: true, sub: user.id, sid, client_id: 'tokenhouse', amr: ['pwd'] });
    expect(first).not.toHaveProperty('token_type');
    expect(first.exp).toBeGreaterThan(first.auth_time);

    const second = (await client.post('/api/auth/refresh', { refreshToken })).body.refreshToken;
    expect((await service.introspect(refreshToken)).body.active).toBe(true);
    const third = (await client.post('/api/auth/refresh', { refreshToken: second })).body.refreshToken;
    await expectDead(refreshToken, 'older than the one before');
    for (const good of [second, third]) expect((await service.introspect(good)).body.active).toBe(true);
    expect((await client.post('/api/auth/refresh', { refreshToken: third })).status).toBe(200);
  });

  it('knows no replayed refresh token with REFRESH_POLICY=strict', async () => {
    const strict = await startApp({ REFRESH_POLICY: 'strict' }, target);
    try {
      const { refreshToken } = await client.register();
      await client.post('/api/auth/refresh', { refreshToken });
      expect((await service.at(strict).introspect(refreshToken)).body).toEqual({ active: false });
    } finally {
      await strict.close();
    }
  });

  it('JWT-41: tells nothing of a token that does not count', async () => {
    const { token } = await client.register();
    const { header, payload } = decodeToken(token);
    const key = target.app.get(KeyRing).current;
    const dead = {
      'no token': 'nonsense',
      'a broken signature': `${token.slice(0, -4)}AAAA`,
      'no signature': forgeToken({ header: { ...header, alg: 'none' }, payload }),
      'another issuer': forgeAccessToken(key, { ...payload, iss: 'https://evil.test' }),
      'another audience': forgeAccessToken(key, { ...payload, aud: 'https://evil.test' }),
      'a foreign subject': forgeAccessToken(key, { ...payload, sub: '019b7700-0000-7000-8000-000000000001' }),
      'no such session': forgeAccessToken(key, { ...payload, sid: '019b7700-0000-7000-8000-000000000001' }),
      'not valid yet': forgeAccessToken(key, {
        ...payload,
        nbf: Number(payload.exp) - 1,
        iat: Number(payload.exp) - 1,
      }),
      'far too long': 'x'.repeat(20_000),
      'a NUL': 'a\0b',
    };
    for (const [why, each] of Object.entries(dead)) {
      if (why === 'a NUL') expect((await service.introspect(each)).body.error).toBe('invalid_request');
      else await expectDead(each, why);
    }
    expect((await service.introspect(token)).body.active).toBe(true);
  });

  it('JWT-41: tells nothing of tokens whose session or user is over', async () => {
    const ends: Record<string, (token: string, id: string) => Promise<unknown>> = {
      logout: (token) => client.post('/api/auth/logout', undefined, { token }),
      ban: (_token, id) => target.database.query('UPDATE users SET banned_at = now() WHERE id = $1', [id]),
      'idle end': (_token, id) =>
        target.database.query('UPDATE sessions SET idle_expires_at = now() WHERE user_id = $1', [id]),
    };
    for (const [why, end] of Object.entries(ends)) {
      const { token, refreshToken, user } = await client.register();
      await end(token, user.id as string);
      await expectDead(token, why);
      await expectDead(refreshToken, `${why}, refresh token`);
    }
  });

  it('tells nothing of a token that is late', async () => {
    const { token } = await client.register();
    target.clock.advanceSeconds(3600 + 61);
    await expectDead(token, 'late');
    target.clock.reset();
  });

  it('needs a token, once, and ignores what it does not know', async () => {
    const { token } = await client.register();
    for (const [what, form] of [
      ['nothing', []],
      ['an empty token', [['token', '']]],
      [
        'two tokens',
        [
          ['token', token],
          ['token', token],
        ],
      ],
      [
        'two hints',
        [
          ['token', token],
          ['token_type_hint', 'a'],
          ['token_type_hint', 'b'],
        ],
      ],
    ] as [string, [string, string][]][]) {
      const { status, headers, body } = await service.post('/oauth/introspect', form);
      expect([what, status, body.error]).toEqual([what, 400, 'invalid_request']);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(Object.keys(body as object)).toEqual(['error', 'error_description']);
    }
    for (const hint of ['access_token', 'refresh_token', 'saml', '']) {
      const more = { token_type_hint: hint, resource: 'https://orders.example' };
      expect((await service.introspect(token, more)).body.active).toBe(true);
    }
  });

  it('is never wrong about a token when the database is away: 503', async () => {
    const network = await new TcpProxy(String(target.environment.DATABASE_URL)).open();
    const cut = await startApp({ DATABASE_URL: network.url }, target);
    const { token, refreshToken } = await client.register();
    const beyond = service.at(cut);
    await network.cut();
    try {
      for (const each of [token, refreshToken, 'nonsense']) {
        const { status, headers, body } = await beyond.introspect(each);
        expect([status, body.error]).toEqual([503, 'temporarily_unavailable']);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        expect(body).not.toHaveProperty('active');
      }
      // In a host application no filter of ours translates what a guard lets through.
      await expect(cut.app.get(ServiceClientsService).authenticate(service)).rejects.toMatchObject({
        code: 'unavailable',
      });
    } finally {
      await cut.close();
    }
  });

  it('keeps working for a person who changed their password meanwhile', async () => {
    const { token } = await client.register();
    await client.post(
      '/api/user/password',
      { currentPassword: PASSWORD, newPassword: 'another horse battery' },
      { token },
    );
    expect((await service.introspect(token)).body.active).toBe(true);
  });
});

describe('GET /.well-known/oauth-authorization-server (RFC 8414)', () => {
  it('tells where everything is, from the configuration alone', async () => {
    const environment = { PUBLIC_URL: 'https://auth.example', BEARER_TOKEN_ISSUER: 'https://issuer.example' };
    const target = await startApp(environment);
    try {
      const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test' };
      const answer = await new Client(target).get('/.well-known/oauth-authorization-server', { headers });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=600');
      expect(answer.body).toEqual({
        issuer: 'https://issuer.example',
        jwks_uri: 'https://auth.example/.well-known/jwks.json',
        introspection_endpoint: 'https://auth.example/oauth/introspect',
        introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        revocation_endpoint: 'https://auth.example/oauth/revoke',
        revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        scopes_supported: ['tokens:introspect', 'tokens:revoke', 'revocations:read'],
        response_types_supported: [],
        grant_types_supported: [],
        revocation_feed_endpoint: 'https://auth.example/api/revocations',
        service_documentation: 'https://auth.example/docs',
      });
      const hidden = await startApp({ ...environment, DOCS: 'off' }, target);
      const { body } = await new Client(hidden).get('/.well-known/oauth-authorization-server');
      expect(body).not.toHaveProperty('service_documentation');
      await hidden.close();
    } finally {
      await target.close();
    }
  });

  it('names the feed of revocations only where there is one', async () => {
    const host = await startHost((environment) => ({
      imports: [AuthModule.forRoot(environment), OauthModule],
    }));
    try {
      const { body } = await new Client(host).get('/.well-known/oauth-authorization-server');
      expect(body).toHaveProperty('introspection_endpoint');
      expect(body).not.toHaveProperty('revocation_feed_endpoint');
    } finally {
      await host.close();
    }
  });
});
