import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, type TestContext } from 'vitest';
import { RedisStandIn } from '../support/redis-stand-in.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { note } from './finding.js';
import { type Fault, endure } from './support/endure.js';
import { HttpClient } from './support/http-client.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';
import { inSeconds } from './support/traffic.js';
import { Visitor } from './support/visitor.js';

const REVOCATIONS = inject('short') ? 3 : 20;
/** security.md, "Revocation bound": in other replicas. */
const REVOKED_WITHIN_MS = 1_000;
const ANSWERED_WITHIN_MS = 3_000;

describe('Redis goes away', () => {
  const lab = new Lab();
  let postgres: Postgres;
  let network: TcpProxy;
  let replica: Service;
  let other: Service;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    network = await new TcpProxy(await redisUrl(lab)).open();
    lab.add(() => network.cut());
    const environment = await lab.environment(postgres.url, { REDIS_URL: network.url });
    replica = await Service.start(lab, environment);
    other = await Service.start(lab, environment);
  });
  afterAll(() => lab.close());

  /** How long a token that was known at the other replica is still good there after its session was ended. */
  async function timeToRevoke(): Promise<number> {
    const [here, there] = [new HttpClient(replica.url), new HttpClient(other.url)];
    try {
      const visitor = new Visitor(here);
      await visitor.prepare();
      expect(String(await there.get('/api/user', visitor.token))).toBe('200');
      expect(String(await here.post('/api/auth/logout', undefined, visitor.token))).toBe('204');
      const endedAt = performance.now();
      while (!(await there.get('/api/user', visitor.token)).is(401, 'session_revoked')) {
        if (performance.now() - endedAt > 10 * REVOKED_WITHIN_MS) break;
        await sleep(10);
      }
      return performance.now() - endedAt;
    } finally {
      [here, there].forEach((client) => client.close());
    }
  }

  async function expectNobodyNotices(
    context: TestContext,
    fault: Pick<Fault, 'what' | 'begin' | 'end'>,
  ): Promise<void> {
    const times: number[] = [];
    const during = async (): Promise<void> => {
      for (let n = 0; n < REVOCATIONS; n += 1) times.push(await timeToRevoke());
    };
    const traffic = await endure(context, replica, postgres, {
      ...fault,
      during,
      lastsMs: 1_000,
      boundMs: ANSWERED_WITHIN_MS,
    });
    const slowest = Math.max(...times);
    note(context, {
      seen: `${traffic.seen}; revoked in the other replica after ${inSeconds(slowest)} at most`,
    });
    expect(traffic.count(503, 'unavailable'), 'PostgreSQL carries on').toBe(0);
    expect(slowest).toBeLessThan(REVOKED_WITHIN_MS);
  }

  it('RES-02: it is stopped', async (context) => {
    await expectNobodyNotices(context, {
      what: 'connections cut, new ones refused',
      begin: () => network.cut(),
      end: () => network.open(),
    });
  });

  it('RES-02: it is frozen', async (context) => {
    await expectNobodyNotices(context, {
      what: 'packets vanish in both directions',
      begin: async () => network.freeze(),
      end: async () => network.thaw(),
    });
  });
});

async function redisUrl(lab: Lab): Promise<string> {
  const configured = process.env.REDIS_URL;
  if (configured) {
    const url = new URL(configured);
    return configured.replace(url.host, `${url.hostname}:${url.port || 6379}`);
  }
  const standIn = new RedisStandIn();
  lab.add(() => standIn.stop());
  return standIn.start();
}
