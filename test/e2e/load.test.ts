import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, startApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';

/** Keeps everything else in this process waiting. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('a process that falls behind', () => {
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    app = await startApp({ RATE_LIMIT: 'on' });
    client = new Client(app);
    await eventually(async () => expect((await client.get('/health/ready')).status).toBe(200));
  });
  afterAll(() => app.close());

  it('RES-11: refuses at once while its event loop is blocked, but for liveness, and recovers alone', async () => {
    const { token } = await client.register();
    // Until a sample of a second has seen it.
    const deadline = performance.now() + 20_000;
    let refused = await client.get('/api/user', { token });
    while (refused.status === 200 && performance.now() < deadline) {
      block(2_000);
      refused = await client.get('/api/user', { token });
    }
    expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    expect(refused.headers.get('retry-after')).toBe('2');
    const [live, ready] = [await client.get('/health/live'), await client.get('/health/ready')];
    expect([live.status, ready.status]).toEqual([200, 503]);
    await expect
      .poll(async () => (await client.get('/api/user', { token })).status, { timeout: 10_000 })
      .toBe(200);
  });

  it('RES-12: refuses while its memory is nearly spent', async () => {
    const tight = await startApp({ RATE_LIMIT: 'on' }, app);
    const through = new Client(tight);
    const usage = process.memoryUsage;
    Object.assign(process, { memoryUsage: () => ({ ...usage(), heapUsed: Number.MAX_SAFE_INTEGER }) });
    try {
      await expect
        .poll(async () => (await through.get('/api/auth/settings')).body.code, { timeout: 10_000 })
        .toBe('overloaded');
      expect((await through.get('/health/live')).status).toBe(200);
    } finally {
      Object.assign(process, { memoryUsage: usage });
    }
    await expect
      .poll(async () => (await through.get('/api/auth/settings')).status, { timeout: 10_000 })
      .toBe(200);
    await tight.close();
  });
});
