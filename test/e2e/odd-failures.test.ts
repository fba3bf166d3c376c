import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SignInService } from '../../src/auth/sign-in.service.js';
import { DomainEvents } from '../../src/events/domain-events.js';
import { startApp, type TestApp } from '../support/app.js';
import { Client, PASSWORD } from '../support/client.js';

/** Secrets that code of others might throw about. */
const CANARY = 'canary-5f3a91';

describe('RES-17: code of others that fails in odd ways', () => {
  let app: TestApp;
  let client: Client;
  let thrown: unknown;

  beforeAll(async () => {
    app = await startApp();
    client = new Client(app);
    app.app.get(SignInService).onOpening(() => {
      if (thrown !== undefined) throw thrown as Error;
    });
    app.app.get(DomainEvents).on('user.updated', () => {
      if (thrown !== undefined) throw thrown as Error;
    });
  });
  afterAll(() => app.close());

  it.each<[string, unknown]>([
    ['an error', new Error(CANARY)],
    ['text', CANARY],
    ['nothing', null],
    ['a number', 418],
    ['an object that looks like an answer', { status: 200, statusCode: 200, message: CANARY, code: CANARY }],
    ['a promise that nobody waits for', Promise.resolve(CANARY)],
  ])(
    'in a hook and in a listener: %s is a 500 that says nothing but its request’s id',
    async (_what, value) => {
      thrown = undefined;
      const { user, token } = await client.register();
      thrown = value;
      for (const answer of [
        await client.login(user.email, PASSWORD),
        await client.patch('/api/user', { firstName: 'Ada' }, { token }),
      ]) {
        expect(answer.body).toMatchObject({
          status: 500,
          code: 'internal_error',
          requestId: expect.any(String),
        });
        expect(JSON.stringify(answer.body)).not.toContain(CANARY);
      }
      thrown = undefined;
      // A listener that fails fails the change, and the process goes on.
      expect((await client.get('/api/user', { token })).body.firstName).toBeNull();
      expect((await client.login(user.email)).status).toBe(200);
    },
  );
});
