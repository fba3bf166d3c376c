import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { endure } from './support/endure.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';

const LASTS_MS = inject('short') ? 1_500 : 10_000;

describe('PostgreSQL takes no writes', () => {
  const lab = new Lab();
  let postgres: Postgres;
  let service: Service;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    service = await Service.start(lab, await lab.environment(postgres.url));
  });
  afterAll(() => lab.close());

  /** As a primary that became a standby: every transaction from then on. */
  async function setReadOnly(value: 'on' | 'off'): Promise<void> {
    const client = await postgres.connect();
    await client.query('SET default_transaction_read_only = off');
    await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
    await client.query('SELECT pg_reload_conf()');
    await client.end();
  }

  it('RES-07: the primary turns read-only, and back', async (context) => {
    const traffic = await endure(context, service, postgres, {
      what: 'every transaction read-only',
      lastsMs: LASTS_MS,
      boundMs: 10_000,
      begin: () => setReadOnly('on'),
      end: () => setReadOnly('off'),
    });
    expect(traffic.count(503, 'unavailable')).toBeGreaterThan(0);
    const reads = traffic.exchanges.filter(({ what }) => what === 'guarded' || what === 'session');
    expect(
      reads.filter(({ answer }) => !answer.is(200)),
      'who only reads is served',
    ).toEqual([]);
  });
});
