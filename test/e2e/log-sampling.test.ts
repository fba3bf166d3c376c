import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { eventRows } from '../support/event-rows.js';
import { eventually } from '../support/eventually.js';

interface Line {
  message: { route: string; status: number; unlogged?: number };
}

describe('LOG-07: the log of a service that is asked for nonsense all the time', () => {
  const lines: Line[] = [];
  let target: TestApp;
  let client: Client;

  beforeAll(async () => {
    target = await startApp({ NODE_ENV: 'production', RATE_LIMIT: 'on' });
    client = new Client(target);
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk, ...rest) => {
      for (const line of String(chunk).split('\n')) if (line !== '') lines.push(JSON.parse(line) as Line);
      (rest.at(-1) as (() => void) | undefined)?.();
      return true;
    });
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await target.close();
  });

  const told = (status: number): Line['message'][] =>
    lines.map(({ message }) => message).filter((message) => message.status === status);

  it('has a hundred refusals of a second, then one of a hundred; and every security event', async () => {
    const { user } = await client.register();
    const secondMs = Math.ceil(target.clock.nowMs() / 1000) * 1000;
    const clock = vi.spyOn(target.clock, 'nowMs').mockReturnValue(secondMs);
    await client.login(user.email, 'wrong horse battery');
    for (let batch = 0; batch < 35; batch += 1) {
      await Promise.all(Array.from({ length: 10 }, () => client.get('/api/nowhere')));
    }
    const { status, body } = await client.login(user.email, 'wrong horse battery');
    expect((await client.get('/api/auth/settings')).status).toBe(200);
    await eventually(() => expect(told(200).length).toBeGreaterThan(0));
    expect(told(404).map(({ unlogged = 0 }) => unlogged)).toEqual([...Array<number>(100).fill(0), 99, 99]);

    clock.mockReturnValue(secondMs + 1000);
    await client.get('/api/nowhere');
    await eventually(() => expect(told(404)).toHaveLength(103));
    // Between the last one told and the end of that second.
    expect(told(404).at(-1)?.unlogged).toBe(50);

    // Another kind of refusal is not lost among them, and the log of what happened has all.
    expect([status, told(401).length]).toEqual([401, 2]);
    const refused = await eventRows(target.database, user.id, 'session.refused');
    expect([refused.length, refused.at(-1)?.request_id]).toEqual([2, body.requestId]);
  });
});
