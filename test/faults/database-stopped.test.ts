import { afterAll, beforeAll, describe, expect, inject, it, type TestContext } from 'vitest';
import { endure } from './support/endure.js';
import { HttpClient } from './support/http-client.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';

const AWAY_MS = inject('short') ? 1_000 : 10_000;

describe('PostgreSQL goes away', () => {
  const lab = new Lab();
  let postgres: Postgres;
  let service: Service;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    service = await Service.start(lab, await lab.environment(postgres.url));
  });
  afterAll(() => lab.close());

  async function expectSurvived(
    context: TestContext,
    what: string,
    begin: () => Promise<void>,
  ): Promise<void> {
    const traffic = await endure(context, service, postgres, {
      what,
      lastsMs: AWAY_MS,
      boundMs: 10_000,
      begin,
      during: expectLiveNotReady,
      end: () => postgres.start(),
    });
    expect(traffic.count(503, 'unavailable')).toBeGreaterThan(0);
  }

  async function expectLiveNotReady(): Promise<void> {
    const client = new HttpClient(service.url);
    const answers = [await client.get('/health/live'), await client.get('/health/ready')];
    client.close();
    expect(answers.map(String)).toEqual(['200', '503 unavailable']);
  }

  it('RES-01: it is stopped, and started again', async (context) => {
    await expectSurvived(context, 'stopped (fast shutdown)', () => postgres.stop());
  });

  it('RES-01: it is killed, and recovers from its log', async (context) => {
    await expectSurvived(context, 'kill -9 of the server', () => postgres.kill());
  });
});
