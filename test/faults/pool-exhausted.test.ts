import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { POOL_SIZE } from '../../src/database/database.options.js';
import { note } from './finding.js';
import type { Answer } from './support/answer.js';
import { HttpClient } from './support/http-client.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';
import { inSeconds } from './support/traffic.js';
import { Visitor } from './support/visitor.js';

const REQUESTS = 500;
const VISITORS = 10;
/** A statement is given up after ten seconds; in the short form the lock goes before that. */
const HELD_MS = inject('short') ? 9_000 : 30_000;
/** Before those who hold the connections are answered. */
const BUSY_WITHIN_MS = 8_000;
const STATEMENT_MS = 12_000;

describe('connections of the pool', () => {
  const lab = new Lab();
  const visitors: Visitor[] = [];
  let postgres: Postgres;
  let service: Service;
  let client: HttpClient;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    service = await Service.start(lab, await lab.environment(postgres.url));
    client = new HttpClient(service.url);
    lab.add(async () => client.close());
    for (let n = 0; n < VISITORS; n += 1) visitors.push(new Visitor(client));
    for (const visitor of visitors) await visitor.prepare();
  });
  afterAll(() => lab.close());

  const connections = async (): Promise<number> => {
    const sql = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'tokenhouse' AND wait_event_type = 'Lock'`;
    const [row] = await postgres.query<{ count: number }>(sql);
    return row?.count ?? 0;
  };

  it('RES-05, RES-06: all are held by statements that wait for 30 s, and 500 requests come', async (context) => {
    const holder = await postgres.connect();
    await holder.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    const heldAt = performance.now();
    const sent = Array.from({ length: REQUESTS }, (_, n) => {
      const { refreshToken } = visitors[n % VISITORS] as Visitor;
      return client.post('/api/auth/refresh', { refreshToken });
    });
    await expect.poll(connections, { timeout: 5_000 }).toBe(POOL_SIZE);
    await sleep(HELD_MS - (performance.now() - heldAt));
    await holder.query('ROLLBACK');
    await holder.end();
    const answers = await Promise.all(sent);
    const after = await Promise.all(visitors.map((visitor) => visitor.refresh()));
    const busy = answers.filter((answer) => answer.isRefused && answer.ms < BUSY_WITHIN_MS);
    note(context, {
      done: `a lock on the sessions, for ${inSeconds(HELD_MS)}`,
      load: `${REQUESTS} requests at once`,
      seen: tally(answers),
    });
    expect(answers.filter((answer) => !answer.is(200) && !answer.isRefused).map(String)).toEqual([]);
    expect(busy.length, 'told to come again, and soon').toBeGreaterThanOrEqual(REQUESTS - POOL_SIZE);
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(STATEMENT_MS);
    expect(after.map(String), 'refreshing afterwards').toEqual(after.map(() => '200'));
  });
});

function tally(answers: Answer[]): string {
  const kinds = [...new Set(answers.map(String))];
  return kinds
    .map((kind) => {
      const times = answers.filter((answer) => String(answer) === kind).map(({ ms }) => ms);
      return `${kind} × ${times.length} (${inSeconds(Math.min(...times))} to ${inSeconds(Math.max(...times))})`;
    })
    .join(', ');
}
