import { createPublicKey, randomBytes } from 'node:crypto';
import { compactVerify, createRemoteJWKSet, importJWK, jwtVerify } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import type { JwtAlgorithm } from '../../src/config/app-config.js';
import type { TokenKey } from '../../src/config/keys/token-key.js';
import type { Environment } from '../../src/config/environment.js';
import { startApp, type TestApp } from '../support/app.js';
import { makeKey } from '../support/bearer-tokens.fixture.js';
import { Client } from '../support/client.js';
import { decodeToken, forgeAccessToken, forgeToken } from '../support/forge.js';

const pemOf = ({ signingKey }: TokenKey): string =>
  signingKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('keys from the configuration', () => {
  const running: TestApp[] = [];
  afterEach(async () => {
    for (const target of running.splice(0).reverse()) await target.close();
  });

  async function start(
    environment: Environment,
    beside?: TestApp,
  ): Promise<{ target: TestApp; client: Client }> {
    const target = await startApp(environment, beside);
    running.push(target);
    return { target, client: new Client(target) };
  }

  it('without a key: one ES256 key, generated once and shared by every replica', async () => {
    const { target, client } = await start({});
    const { token } = await client.register();
    expect(decodeToken(token).header.alg).toBe('ES256');
    const replica = await start({}, target);
    expect((await replica.client.get('/api/user', { token })).status).toBe(200);
    const [one, two] = [
      await client.get('/.well-known/jwks.json'),
      await replica.client.get('/.well-known/jwks.json'),
    ];
    expect(one.body).toEqual(two.body);
    expect(one.body.keys).toHaveLength(1);
  });

  it('JWT-51, BT-07: the JWKS of a secret is empty, and tokens are HS256', async () => {
    const secret = randomBytes(32).toString('base64');
    const { client } = await start({ BEARER_TOKEN_KEY: secret });
    const { token } = await client.register();
    const { header, payload } = decodeToken(token);
    expect(header).toEqual({ alg: 'HS256', kid: expect.any(String), typ: 'at+jwt' });
    expect((await client.get('/api/user', { token })).status).toBe(200);
    await compactVerify(token, Buffer.from(secret));
    const { body, headers, status } = await client.get('/.well-known/jwks.json');
    expect([status, body, headers.get('cache-control')]).toEqual([200, { keys: [] }, 'public, max-age=600']);
    const forged = forgeToken({ header, payload, key: Buffer.from(`${secret}x`) });
    expect((await client.get('/api/user', { token: forged })).body.code).toBe('token_invalid');
    expect(
      (await client.get('/api/user', { token: forgeToken({ header, payload, key: Buffer.from(secret) }) }))
        .status,
    ).toBe(200);
  });

  it('BT-05: a secret for HS512', async () => {
    const { client } = await start({
      BEARER_TOKEN_ALGORITHM: 'HS512',
      BEARER_TOKEN_KEY: randomBytes(64).toString('hex'),
    });
    const { token } = await client.register();
    expect(decodeToken(token).header.alg).toBe('HS512');
    expect((await client.get('/api/user', { token })).status).toBe(200);
  });

  it.each(['RS256', 'ES384'] as const)(
    'JWT-51, BT-05, BT-07: %s, and what its JWKS says',
    async (algorithm: JwtAlgorithm) => {
      const key = await makeKey(algorithm);
      const { target, client } = await start({
        BEARER_TOKEN_ALGORITHM: algorithm,
        BEARER_TOKEN_KEY: pemOf(key),
      });
      const { token, user } = await client.register();
      expect(decodeToken(token).header).toEqual({ alg: algorithm, kid: key.kid, typ: 'at+jwt' });
      expect((await client.get('/api/user', { token })).status).toBe(200);

      const { body } = await client.get('/.well-known/jwks.json');
      const members =
        key.verificationKey.asymmetricKeyType === 'ec' ? ['crv', 'kty', 'x', 'y'] : ['e', 'kty', 'n'];
      expect(Object.keys(body.keys[0]).sort()).toEqual([...members, 'alg', 'kid', 'use'].sort());
      expect(body.keys[0]).toMatchObject({ alg: algorithm, kid: key.kid, use: 'sig' });
      expect(createPublicKey({ key: body.keys[0], format: 'jwk' }).equals(key.verificationKey)).toBe(true);
      await importJWK(body.keys[0], algorithm);

      const remote = createRemoteJWKSet(new URL(`${target.url}/.well-known/jwks.json`));
      const issuer = 'http://localhost:3000';
      const verified = await jwtVerify(token, remote, {
        issuer,
        audience: issuer,
        typ: 'at+jwt',
        algorithms: [algorithm],
      });
      expect(verified.payload.sub).toBe(user.id);

      const other = algorithm.startsWith('ES') ? 'ES256' : algorithm === 'RS256' ? 'PS256' : 'RS256';
      const { payload } = decodeToken(token);
      const renamed = forgeToken({
        header: { alg: other, kid: key.kid, typ: 'at+jwt' },
        payload,
        key: key.signingKey,
        algorithm: other,
      });
      expect((await client.get('/api/user', { token: renamed })).body.code).toBe('token_invalid');
    },
  );

  it('BT-06, BT-13: adding a key in front rotates, and ends no session', async () => {
    const [old, next] = [await makeKey(), await makeKey()];
    const before = await start({ BEARER_TOKEN_KEY: pemOf(old) });
    const { token, refreshToken } = await before.client.register();

    const after = await start({ BEARER_TOKEN_KEY: pemOf(next) + pemOf(old) }, before.target);
    expect((await after.client.get('/api/user', { token })).status).toBe(200);
    const refreshed = await after.client.post('/api/auth/refresh', { refreshToken });
    expect(refreshed.status).toBe(200);
    expect(decodeToken(refreshed.body.token).header.kid).toBe(next.kid);
    expect(decodeToken(refreshed.body.token).payload.sid).toBe(decodeToken(token).payload.sid);
    const { body } = await after.client.get('/.well-known/jwks.json');
    expect(body.keys.map(({ kid }: { kid: string }) => kid)).toEqual([next.kid, old.kid]);

    const later = await start({ BEARER_TOKEN_KEY: pemOf(next) }, before.target);
    expect((await later.client.get('/api/user', { token })).body.code).toBe('token_invalid');
    expect((await later.client.get('/api/user', { token: refreshed.body.token })).status).toBe(200);
    const renewed = await later.client.post('/api/auth/refresh', {
      refreshToken: refreshed.body.refreshToken,
    });
    expect(renewed.status).toBe(200);
  });

  it('BT-07: a key at the end is published and verifies before it signs', async () => {
    const [current, next] = [await makeKey(), await makeKey('RS256')];
    const { client } = await start({ BEARER_TOKEN_KEY: `${pemOf(current)}RS256:\n${pemOf(next)}` });
    const { token } = await client.register();
    const { header, payload } = decodeToken(token);
    expect(header.kid).toBe(current.kid);
    const { body } = await client.get('/.well-known/jwks.json');
    expect(body.keys.map(({ kid, alg }: { kid: string; alg: string }) => [kid, alg])).toEqual([
      [current.kid, 'ES256'],
      [next.kid, 'RS256'],
    ]);
    expect((await client.get('/api/user', { token: forgeAccessToken(next, payload) })).status).toBe(200);
    const crossed = forgeAccessToken(next, payload, { kid: current.kid });
    expect((await client.get('/api/user', { token: crossed })).body.code).toBe('token_invalid');
  });

  it('BT-06: from a secret to a key pair, without a session ending; the JWKS never shows the secret', async () => {
    const secret = randomBytes(48).toString('base64');
    const before = await start({ BEARER_TOKEN_KEY: secret });
    const { token, refreshToken } = await before.client.register();
    const pair = await makeKey();
    const after = await start({ BEARER_TOKEN_KEY: `${pemOf(pair)}HS256:${secret}` }, before.target);
    expect((await after.client.get('/api/user', { token })).status).toBe(200);
    const refreshed = await after.client.post('/api/auth/refresh', { refreshToken });
    expect(decodeToken(refreshed.body.token).header.alg).toBe('ES256');
    const { body } = await after.client.get('/.well-known/jwks.json');
    expect(body.keys).toHaveLength(1);
    expect(JSON.stringify(body)).not.toContain('"k"');
    expect(JSON.stringify(body)).not.toContain(secret);
  });

  it('BT-03, BT-04, BT-15: lifetime, leeway, issuer and audience from the configuration', async () => {
    const { target, client } = await start({
      BEARER_TOKEN_TTL: '5',
      BEARER_TOKEN_LEEWAY: '0',
      BEARER_TOKEN_ISSUER: 'urn:example:issuer',
      BEARER_TOKEN_AUDIENCE: 'https://api.example.com',
    });
    const { token, expiresIn } = await client.register();
    const { payload } = decodeToken(token);
    expect(payload).toMatchObject({ iss: 'urn:example:issuer', aud: 'https://api.example.com' });
    expect([Number(payload.exp) - Number(payload.iat), expiresIn]).toEqual([300, 300]);
    target.clock.advanceSeconds(295);
    expect((await client.get('/api/user', { token })).status).toBe(200);
    target.clock.advanceSeconds(6);
    expect((await client.get('/api/user', { token })).body.code).toBe('token_expired');
  });

  it('JWT-33: a lowered TTL ends the tokens that live longer', async () => {
    const key = pemOf(await makeKey());
    const before = await start({ BEARER_TOKEN_KEY: key, BEARER_TOKEN_TTL: '60' });
    const { token, refreshToken } = await before.client.register();
    const after = await start({ BEARER_TOKEN_KEY: key, BEARER_TOKEN_TTL: '10' }, before.target);
    expect((await after.client.get('/api/user', { token })).body.code).toBe('token_invalid');
    const refreshed = await after.client.post('/api/auth/refresh', { refreshToken });
    expect([refreshed.status, refreshed.body.expiresIn]).toEqual([200, 600]);
  });

  it('JWT-15, JWT-46, BT-03, BT-06: what must not boot does not, and the text holds no secret', async () => {
    const [ec, rsa] = [await makeKey(), await makeKey('RS256')];
    const secret = randomBytes(32).toString('base64');
    const publicPem = ec.verificationKey.export({ type: 'spki', format: 'pem' }).toString();
    const refused: Environment[] = [
      { BEARER_TOKEN_KEY: 'too short' },
      { BEARER_TOKEN_KEY: 'secret'.repeat(8) },
      { BEARER_TOKEN_KEY: pemOf(ec) + pemOf(ec) },
      { BEARER_TOKEN_KEY: `${secret}\n${pemOf(ec)}` },
      { BEARER_TOKEN_KEY: publicPem },
      { BEARER_TOKEN_KEY: pemOf(ec).replace(/\n/g, ' ') },
      { BEARER_TOKEN_KEY: pemOf(ec).replace(/\n/g, '\\n') },
      { BEARER_TOKEN_KEY: JSON.stringify(ec.signingKey.export({ format: 'jwk' })) },
      { BEARER_TOKEN_KEY: pemOf(rsa), BEARER_TOKEN_ALGORITHM: 'ES256' },
      { BEARER_TOKEN_KEY: pemOf(ec), BEARER_TOKEN_ALGORITHM: 'HS256' },
      { BEARER_TOKEN_KEY: pemOf(ec), BEARER_TOKEN_ALGORITHM: 'ES384' },
      { BEARER_TOKEN_KEY: secret, BEARER_TOKEN_ALGORITHM: 'HS512' },
      { BEARER_TOKEN_ALGORITHM: 'none' },
      { BEARER_TOKEN_TTL: '0' },
      { BEARER_TOKEN_TTL: '1441' },
      { BEARER_TOKEN_TTL: '1.5' },
      { BEARER_TOKEN_LEEWAY: '301' },
      { BEARER_TOKEN_LEEWAY: '-1' },
    ];
    const base = { APP_KEY: randomBytes(32).toString('base64'), DATABASE_URL: 'postgres://localhost/x' };
    expect(() => loadConfig({ ...base, BEARER_TOKEN_KEY: pemOf(ec) })).not.toThrow();
    for (const environment of refused) {
      const [name = '', value = ''] = Object.entries(environment)[0] ?? [];
      const boot = (): unknown => loadConfig({ ...base, ...environment });
      expect(boot).toThrow(/BEARER_TOKEN_/);
      expect(boot).toThrow(expect.objectContaining({ problems: expect.any(Array) }));
      if (name !== 'BEARER_TOKEN_KEY') continue;
      const pieces = String(value).match(/[\w+/=-]{20,}/g) ?? [];
      expect(boot).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(pieces[1] ?? pieces[0] ?? value) }),
      );
    }
  });
});
