import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client, type RequestOptions } from '../support/client.js';
import { readOperations } from '../support/properties/operations.js';
import { ServiceCaller } from '../support/service-caller.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const OPERATIONS = readOperations();
const PATHS = [...new Set(OPERATIONS.map(({ path }) => path))];

describe('a method that a path does not have', () => {
  let target: TestApp;
  let client: Client;
  let person: { token: string; user: { id: string } };
  let callers: RequestOptions[];

  beforeAll(async () => {
    target = await startApp();
    client = new Client(target);
    person = await client.register();
    const { authorization } = await ServiceCaller.create(target, 'tokens:introspect', 'tokens:revoke');
    callers = [{}, { token: person.token }, { headers: { authorization } }];
  });
  afterAll(() => target.close());

  it.each(PATHS)('HTTP-13, RST-19: is 404 at %s, whoever asks', async (path) => {
    const url = path.replace(/\{\w+\}/g, '019b7700-0000-7000-8000-000000000001');
    const known = OPERATIONS.filter((operation) => matches(operation.path, url)).map(({ method }) => method);
    if (known.includes('GET')) known.push('HEAD');
    const others = METHODS.filter((method) => !known.includes(method));
    for (const method of others) {
      for (const caller of callers) {
        const body = method === 'GET' || method === 'HEAD' ? {} : { body: {} };
        const answer = await client.request(method, `${url}?token=x`, { ...caller, ...body });
        const code = method === 'HEAD' ? undefined : 'not_found';
        expect([method, answer.status, answer.body?.code]).toEqual([method, 404, code]);
      }
    }
    expect((await client.get('/api/user', { token: person.token })).status).toBe(200);
  });
});

/** `/passkeys/options` is also one of `/passkeys/{id}`. */
function matches(path: string, url: string): boolean {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(url);
}
