import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenBundles } from '../../src/auth/token-bundle.js';
import { startApp, type TestApp } from '../support/app.js';
import { Client } from '../support/client.js';

describe('claims of a host application', () => {
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    target.app.get(TokenBundles).addClaims(({ user }) => ({
      tenant: user.email.split('@')[1],
      sub: 'somebody else',
      aud: 'elsewhere',
    }));
  });
  afterAll(() => target.close());

  it('are in every access token, and replace none of ours', async () => {
    const { token, refreshToken, user } = await client.register();
    const refreshed = await client.post('/api/auth/refresh', { refreshToken });
    for (const each of [token, refreshed.body.token]) {
      const { body } = await client.get('/api/token', { token: each });
      expect(body).toMatchObject({ tenant: 'example.com', sub: user.id, aud: 'http://localhost:3000' });
    }
  });
});
