import { JwtService } from '@nestjs/jwt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIssuer, type TestIssuer } from '../../src/testing/index.js';
import { type SiblingApp, startSibling } from '../support/sibling-app.js';

const ADA = '019b7700-0000-7000-8000-000000000001';

describe('the guard of tokenhouse/client', () => {
  let issuer: TestIssuer;
  let sibling: SiblingApp;

  beforeAll(async () => {
    issuer = await startTestIssuer();
    sibling = await startSibling(issuer.clientOptions({ cookieNames: ['session'], maxTokenTtlMinutes: 60 }));
  });
  afterAll(async () => {
    await sibling.close();
    await issuer.close();
  });

  const get = (path: string, token?: string) => sibling.client.get(path, { token });
  const codeOf = async (token: string): Promise<string> => (await get('/notes', token)).body.code;

  it('knows who asks, everywhere in the request', async () => {
    const token = issuer.token({ sub: ADA, sid: 'a-session', claims: { plan: 'team' } });
    // Verified, and then remembered.
    for (const path of ['/notes', '/notes/deep', '/notes', '/notes/deep']) {
      expect((await get(path, token)).body).toEqual({ owner: ADA });
    }
    for (const each of [token, issuer.token({ sub: ADA, sid: 'a-session', claims: { plan: 'team' } })]) {
      expect((await get('/notes/principal', each)).body).toMatchObject({
        user: { id: ADA },
        session: { id: 'a-session', methods: ['pwd'] },
        credential: 'header',
        claims: { plan: 'team', iss: issuer.url },
      });
    }
  });

  it('has the marks of routes', async () => {
    const token = issuer.token({ sub: ADA });
    expect((await get('/notes/about', token)).body).toEqual({ owner: null });
    expect((await get('/notes/about', 'nonsense')).status).toBe(200);
    expect((await get('/notes/greeting')).body).toEqual({ owner: null });
    expect((await get('/notes/greeting', token)).body).toEqual({ owner: ADA });
    expect((await get('/notes/greeting', 'nonsense')).status).toBe(401);
    expect((await get('/notes/welcome')).status).toBe(200);
    expect((await get('/notes/welcome', token)).body).toMatchObject({ status: 403, code: 'access_denied' });
  });

  it('asks for a fresh proof where the route does', async () => {
    const wipe = async (token: string) =>
      (await sibling.client.post('/notes/wipe', undefined, { token })).body;
    expect(await wipe(issuer.token())).toEqual({});
    const refusal = { status: 403, code: 'step_up_required' };
    const stale = new Date(sibling.clock.nowMs() - 16 * 60_000);
    expect(await wipe(issuer.token({ authenticatedAt: stale }))).toMatchObject(refusal);
    expect(await wipe(issuer.token({ methods: [] }))).toMatchObject(refusal);
  });

  it('refuses with the problem documents and challenges of the service (BT-16)', async () => {
    const missing = await get('/notes');
    expect(missing.status).toBe(401);
    expect(missing.headers.get('www-authenticate')).toBe('Bearer');
    expect(missing.headers.get('cache-control')).toBe('no-store');
    expect(missing.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(missing.body).toMatchObject({ code: 'token_missing', instance: '/notes', statusCode: 401 });
    expect(missing.body.requestId).not.toBe('');

    const bad = await get('/notes', 'a.b.c');
    expect(bad.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(bad.body.code).toBe('token_invalid');
    expect(await codeOf(issuer.token({ expiresInSeconds: -61 }))).toBe('token_expired');
    const basic = await sibling.client.get('/notes', { headers: { authorization: 'Basic YTpi' } });
    expect(basic.body.code).toBe('token_invalid');
  });

  it('takes no token of others (BT-15, JWT-40)', async () => {
    const control = { iss: issuer.url, aud: issuer.url };
    expect((await get('/notes', issuer.token({ claims: control }))).status).toBe(200);
    expect((await get('/notes', issuer.token({ claims: { aud: ['other', issuer.url] } }))).status).toBe(200);
    for (const claims of [
      { iss: 'https://elsewhere.test' },
      { iss: `${issuer.url}/` },
      { iss: undefined },
      { aud: 'https://elsewhere.test' },
      { aud: [] },
      { aud: undefined },
      { sid: undefined },
      { sub: undefined },
    ]) {
      expect([claims, await codeOf(issuer.token({ claims }))]).toEqual([claims, 'token_invalid']);
    }
    expect(await codeOf(issuer.token({ expiresInSeconds: 3601 }))).toBe('token_invalid');
    const other = await startTestIssuer();
    expect(await codeOf(other.token({ claims: control }))).toBe('token_invalid');
    await other.close();
  });

  it('ends a remembered token when its time is over (JWT-30)', async () => {
    const token = issuer.token({ expiresInSeconds: 100 });
    expect((await get('/notes', token)).status).toBe(200);
    sibling.clock.advanceSeconds(158);
    expect((await get('/notes', token)).status).toBe(200);
    sibling.clock.advanceSeconds(2);
    expect(await codeOf(token)).toBe('token_expired');
    sibling.clock.reset();
  });

  it('reads a configured cookie for safe methods alone, and nothing that two readers understand differently', async () => {
    const cookies = { session: issuer.token({ sub: ADA }) };
    expect((await sibling.client.get('/notes', { cookies })).body).toEqual({ owner: ADA });
    expect((await sibling.client.post('/notes', {}, { cookies })).body.code).toBe('token_missing');
    const rescued = { cookies, token: 'nonsense' };
    expect((await sibling.client.get('/notes', rescued)).body.code).toBe('token_invalid');
    const cookie = `session=${cookies.session}; session=other`;
    const twice = await sibling.client.get('/notes', { headers: { cookie } });
    expect(twice.body).toMatchObject({ status: 400, code: 'malformed_request' });
  });

  it('checks tokens in code', async () => {
    const token = issuer.token({ sub: ADA });
    expect(await sibling.auth.checkBearerToken(token)).toMatchObject({
      user: { id: ADA },
      credential: 'code',
    });
    for (const bad of ['nonsense', '', undefined, issuer.token({ expiresInSeconds: -61 })]) {
      expect(await sibling.auth.checkBearerToken(bad)).toBe(false);
    }
    expect(sibling.auth.isCurrent()).toBe(true);
  });

  it('answers a remembered token without a promise', async () => {
    const token = issuer.token();
    expect(sibling.auth.authenticate(token, 'code')).toBeInstanceOf(Promise);
    await sibling.auth.checkBearerToken(token);
    expect(sibling.auth.authenticate(token, 'code')).toMatchObject({ credential: 'code' });
  });

  function explode(): never {
    throw new Error('broken');
  }

  it.each([
    ['throws', { verify: explode }],
    ['returns an error', { verify: () => new Error('broken') }],
    ['is not there', {}],
  ])('lets nobody through when the verifier %s (JWT-47)', async (_what, broken) => {
    const other = await startSibling(issuer.clientOptions(), [[JwtService, broken]]);
    const { status, body } = await other.client.get('/notes', { token: issuer.token() });
    expect([status, body.code]).toEqual([401, 'token_invalid']);
    await other.close();
  });
});
