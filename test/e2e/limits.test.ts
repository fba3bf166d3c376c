import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import type { Environment } from '../../src/config/environment.js';
import { BUDGETS } from '../../src/limits/budgets.js';
import { type Charge, Limits } from '../../src/limits/limits.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const { points, seconds } = BUDGETS['own-password'];
let turn = 0;
/** Somebody whom nobody has counted yet. */
const somebody = (): Charge => ['own-password', `user ${process.pid} ${(turn += 1)}`];

const spendAll = async (limits: Limits, charge: Charge): Promise<void> => {
  for (let point = 0; point < points; point += 1) await limits.spend(charge);
};

/** How many of `times` at once were let through. */
async function race(times: number, spend: (index: number) => Promise<unknown>): Promise<number> {
  const results = await Promise.allSettled(Array.from({ length: times }, (_, index) => spend(index)));
  return results.filter(({ status }) => status === 'fulfilled').length;
}

describe.each(['PostgreSQL', 'Redis'])('limits, counted by %s', (store) => {
  let replicas: TestApp[];
  let limits: Limits;
  let elsewhere: Limits;

  beforeAll(async () => {
    const environment: Environment = {
      RATE_LIMIT: 'on',
      ...(store === 'Redis' && { REDIS_URL: inject('redisUrl') }),
    };
    const first = await startApp(environment);
    replicas = [first, await startApp(environment, first)];
    [limits, elsewhere] = replicas.map(({ app }) => app.get(Limits)) as [Limits, Limits];
    if (store === 'Redis') await connected();
  });
  afterAll(async () => {
    for (const replica of replicas.toReversed()) await replica.close();
  });

  /** Until then PostgreSQL stands in for it. */
  async function connected(): Promise<void> {
    for (const each of [limits, elsewhere]) {
      await eventually(async () => {
        const charge = somebody();
        await each.spend(charge);
        expect(await countOf(charge)).toBe(0);
      });
    }
  }

  /** In PostgreSQL. */
  async function countOf([budget, ...of]: Charge): Promise<number> {
    const key = `${budget}:${limits.hash(budget, ...of)}`;
    const [row] = await database().query('SELECT points FROM limits WHERE key = $1', [key]);
    return row?.points ?? 0;
  }

  const database = (): TestApp['database'] => (replicas[0] as TestApp).database;

  it('lets as many through as allowed, whichever replica is asked, then says when to come back', async () => {
    const charge = somebody();
    await limits.spend(charge);
    await elsewhere.spend(charge);
    for (let point = 2; point < points; point += 1) await limits.spend(charge);
    const refusal = { budget: 'own-password', isFirst: true, seconds: expect.any(Number) };
    const error = await elsewhere.spend(charge).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'too_many_requests', refusal });
    await expect(limits.spend(charge)).rejects.toMatchObject({ refusal: { isFirst: false } });
    const { headers } = error as { headers: Record<string, string> };
    expect(headers).toMatchObject({ 'RateLimit-Limit': String(points), 'RateLimit-Remaining': '0' });
    const wait = Number(headers['Retry-After']);
    expect(wait).toBeGreaterThan(seconds - 10);
    expect(wait).toBeLessThanOrEqual(seconds);
    expect(headers['RateLimit-Reset']).toBe(headers['Retry-After']);
  });

  it('of many at once no more than allowed, in each of 20 rounds', async () => {
    for (let round = 0; round < 20; round += 1) {
      const charge = somebody();
      expect(await race(50, (index) => (index % 2 ? limits : elsewhere).spend(charge))).toBe(points);
    }
  });

  it('a point that is given back can be spent again, and a count that is cleared begins anew', async () => {
    const charge = somebody();
    await spendAll(limits, charge);
    await expect(limits.spend(charge)).rejects.toThrow();
    await limits.clear(charge);
    const spent = await limits.spend(charge);
    await elsewhere.refund(spent);
    await spendAll(elsewhere, charge);
    await expect(limits.spend(charge)).rejects.toThrow();
  });

  it('refusals do not add up: what is given back after many of them can be spent again', async () => {
    const charge = somebody();
    const spent = [];
    for (let point = 0; point < points; point += 1) spent.push(await limits.spend(charge));
    expect(await race(50, () => elsewhere.spend(charge))).toBe(0);
    for (const each of spent) await limits.refund(each);
    await spendAll(limits, charge);
    await expect(limits.spend(charge)).rejects.toThrow();
  });

  it('the first refusal is told once, also when points are given back meanwhile, and anew once it was cleared', async () => {
    const charge = somebody();
    const isFirst = async (from: Limits): Promise<boolean> => {
      const refused = await from.spend(charge).catch((error: unknown) => error);
      return (refused as { refusal: { isFirst: boolean } }).refusal.isFirst;
    };
    for (let round = 0; round < 2; round += 1) {
      for (let point = 1; point < points; point += 1) await limits.spend(charge);
      let spent = await elsewhere.spend(charge);
      expect(await isFirst(limits)).toBe(true);
      for (let turn = 0; turn < 3; turn += 1) {
        await limits.refund(spent);
        spent = await elsewhere.spend(charge);
        expect(await isFirst(elsewhere)).toBe(false);
      }
      await limits.clear(charge);
    }
  });

  it('nothing is given back beyond what was spent', async () => {
    const charge = somebody();
    const spent = await limits.spend(charge);
    await limits.refund(spent);
    await limits.refund(spent);
    await spendAll(limits, charge);
    await expect(limits.spend(charge)).rejects.toThrow();
  });

  it('can be asked whether anything is left, without taking it', async () => {
    const charge = somebody();
    for (let turn = 0; turn < 2 * points; turn += 1) await limits.assertUnspent(charge);
    await spendAll(elsewhere, charge);
    const refusal = { budget: 'own-password', seconds: expect.any(Number) };
    await expect(limits.assertUnspent(charge)).rejects.toMatchObject({ code: 'too_many_requests', refusal });
    await limits.clear(charge);
    await elsewhere.assertUnspent(charge);
  });

  it('takes of all budgets or of none', async () => {
    const [spentUp, whole] = [somebody(), somebody()];
    await spendAll(limits, spentUp);
    await expect(limits.spend(whole, spentUp)).rejects.toThrow();
    await spendAll(limits, whole);
  });

  it('keeps what must last in the database, where a clearing may spare it', async () => {
    const row: Charge = ['second-factor-in-a-row', somebody()[1] as string];
    await limits.spend(row);
    expect(await countOf(row)).toBe(1);
    await elsewhere.clearUnlessSpent(row);
    expect(await countOf(row)).toBe(0);
    for (let point = 0; point < BUDGETS['second-factor-in-a-row'].points; point += 1) await limits.spend(row);
    const locked = { code: 'account_locked', refusal: { isFirst: true } };
    await expect(elsewhere.spend(row)).rejects.toMatchObject(locked);
    await limits.clearUnlessSpent(row);
    await expect(limits.spend(row)).rejects.toMatchObject({ refusal: { seconds: expect.any(Number) } });
    await limits.clear(row);
    await limits.spend(row);
  });

  it('names nobody: neither users nor networks are stored', async () => {
    await limits.spend(['login', 'somebody@example.com'], ['network-passwords', '192.0.2.77']);
    const stored = JSON.stringify(await database().query('SELECT * FROM limits'));
    expect(stored).not.toMatch(/somebody|192\.0\.2\.77/);
  });

  describe('with a process whose clock is wrong', () => {
    beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));

    const shift = (milliseconds: number): unknown =>
      vi.setSystemTime(performance.timeOrigin + performance.now() + milliseconds);

    it.each([
      ['RES-13', 3_600_000],
      ['RES-13', 86_400_000],
      ['RES-14', -3_600_000],
      ['RES-14', -86_400_000],
      ['RES-15', 45_000],
    ])('%s counts are not affected by %i ms, while it is wrong and after', async (_id, offset) => {
      const charge = somebody();
      shift(offset);
      await limits.spend(charge);
      shift(0);
      for (let point = 1; point < points; point += 1) await elsewhere.spend(charge);
      shift(offset);
      const refused = await limits.spend(charge).catch((error: unknown) => error);
      shift(0);
      vi.useRealTimers();
      const { refusal } = refused as { refusal: { seconds: number } };
      expect(refusal.seconds).toBeGreaterThan(seconds - 10);
      expect(refusal.seconds).toBeLessThanOrEqual(seconds);
      const [{ late }] = await database().query(
        "SELECT count(*)::int AS late FROM limits WHERE key LIKE 'own-password:%' AND expires_at > now() + interval '61 s'",
      );
      expect(late).toBe(0);
    });
  });
});

describe('limits, when the store fails', () => {
  let target: TestApp;
  let limits: Limits;

  beforeAll(async () => {
    target = await startApp({ RATE_LIMIT: 'on' });
    limits = target.app.get(Limits);
  });
  afterAll(() => target.close());

  it('BRF-13, RES-03 this process counts by itself, and allows less', async () => {
    const log = LogRecorder.of(target);
    const charge = somebody();
    await target.database.query('ALTER TABLE limits RENAME TO limits_away');
    expect(await race(50, () => limits.spend(charge))).toBe(Math.ceil(points / 4));
    expect(log.lines.filter((line) => line.includes('Counting fails'))).toHaveLength(1);
    await target.database.query('ALTER TABLE limits_away RENAME TO limits');
    expect(await race(50, () => limits.spend(charge))).toBe(points);
  });

  it('RES-02 while Redis cannot be reached, PostgreSQL counts', async () => {
    const away = await startApp({ RATE_LIMIT: 'on', REDIS_URL: 'redis://127.0.0.1:1' }, target);
    const charge = somebody();
    expect(await race(50, () => away.app.get(Limits).spend(charge))).toBe(points);
    await expect(limits.spend(charge)).rejects.toThrow();
    await away.close();
  });

  it('RES-02 nor does one that hangs hold anybody up, and when it answers again it counts', async () => {
    const network = await new TcpProxy(inject('redisUrl')).open();
    const hanging = await startApp({ RATE_LIMIT: 'on', REDIS_URL: network.url }, target);
    const log = LogRecorder.of(hanging);
    const those = hanging.app.get(Limits);
    const isCountedByRedis = async (): Promise<void> => {
      const charge = somebody();
      await those.spend(charge);
      await spendAll(limits, charge);
    };
    await vi.waitFor(isCountedByRedis, 5_000);
    network.freeze();
    const begin = performance.now();
    for (let turn = 0; turn < 20; turn += 1) {
      const charge = somebody();
      await those.spend(charge);
      await expect(spendAll(limits, charge)).rejects.toThrow();
    }
    expect(performance.now() - begin).toBeLessThan(1_500);
    expect(log.lines.filter((line) => line.includes('Redis does not count'))).toHaveLength(1);
    network.thaw();
    await vi.waitFor(isCountedByRedis, { timeout: 10_000, interval: 100 });
    await hanging.close();
    await network.cut();
  });

  it('RATE_LIMIT=off lifts everything', async () => {
    const free = await startApp({}, target);
    const charge = somebody();
    expect(await race(50, () => free.app.get(Limits).spend(charge))).toBe(50);
    await free.close();
  });
});
