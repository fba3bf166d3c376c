import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, type TestContext } from 'vitest';
import { note } from './finding.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Random } from './support/random.js';
import { Service } from './support/service.js';
import { inSeconds, Traffic } from './support/traffic.js';

const ROUNDS = inject('short') ? 2 : 12;
/** What a container is given, usually, before it is killed. */
const STOPPED_WITHIN_MS = 10_000;

describe('SIGTERM', () => {
  const lab = new Lab();
  const random = new Random('sigterm');
  let postgres: Postgres;
  let service: Service;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    service = await Service.start(lab, await lab.environment(postgres.url));
  });
  afterAll(() => lab.close());

  /** In-flight requests finish, the process ends by itself and in order, and nothing that was accepted is lost. */
  async function expectOrderly(context: TestContext, signals: number): Promise<void> {
    const traffic = await Traffic.prepare(service.url, { pauseMs: 2 });
    let slowest = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      if (!service.running) await service.start();
      traffic.start();
      await sleep(random.between(200, 700));
      const toldAt = performance.now();
      for (let n = 0; n < signals; n += 1) {
        service.signal('SIGTERM');
        await sleep(random.between(5, 50));
      }
      expect(await service.ended(), 'exit code').toBe(0);
      slowest = Math.max(slowest, performance.now() - toldAt);
      await traffic.pause();
    }
    await service.start();
    note(context, {
      done: `${ROUNDS} times, ${signals === 1 ? 'one signal' : 'two signals'}`,
      load: traffic.load,
      seen: traffic.seen,
      recovery: `stopped in ${inSeconds(slowest)} at most`,
    });
    // Who connects anew may find nobody who takes it; what was taken is answered, and as ever.
    traffic.expectOrder(
      STOPPED_WITHIN_MS,
      ({ isLost, code }) => isLost && code?.endsWith('on a new connection') === true,
    );
    expect(traffic.exchanges.filter(({ answer }) => answer.status >= 500)).toEqual([]);
    expect(slowest).toBeLessThan(STOPPED_WITHIN_MS);
    await traffic.expectNothingLost(postgres);
  }

  it('RES-10: once', (context) => expectOrderly(context, 1));

  it('RES-10: twice, by somebody impatient', (context) => expectOrderly(context, 2));
});
