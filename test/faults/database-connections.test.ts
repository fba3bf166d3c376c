import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TcpProxy } from '../support/tcp-proxy.js';
import { endure } from './support/endure.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';

const TERMINATE_MS = 200;

describe('connections to PostgreSQL', () => {
  const lab = new Lab();
  let postgres: Postgres;
  let network: TcpProxy;
  let service: Service;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    network = await new TcpProxy(postgres.url).open();
    lab.add(() => network.cut());
    service = await Service.start(lab, await lab.environment(network.url));
  });
  afterAll(() => lab.close());

  it('RES-01: the server ends them, again and again', async (context) => {
    let timer: NodeJS.Timeout | undefined;
    const terminate = (): void => {
      const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tokenhouse%'`;
      void postgres.query(sql);
    };
    const traffic = await endure(context, service, postgres, {
      what: `pg_terminate_backend of all, every ${TERMINATE_MS} ms`,
      lastsMs: inject('short') ? 2_000 : 10_000,
      boundMs: 10_000,
      begin: async () => {
        timer = setInterval(terminate, TERMINATE_MS);
      },
      end: async () => clearInterval(timer),
    });
    expect(traffic.count(503, 'unavailable')).toBeGreaterThan(0);
  });

  it('RES-01: the network is cut', async (context) => {
    const traffic = await endure(context, service, postgres, {
      what: 'connections cut, new ones refused',
      lastsMs: inject('short') ? 1_000 : 10_000,
      boundMs: 10_000,
      begin: () => network.cut(),
      end: () => network.open(),
    });
    expect(traffic.count(503, 'unavailable')).toBeGreaterThan(0);
  });

  it('RES-01, RES-06: the network is frozen: nothing comes, and nobody is told', async (context) => {
    const traffic = await endure(context, service, postgres, {
      what: 'packets vanish in both directions, also those of new connections',
      // Longer than the client's own clock gives a statement: those who hold a connection are refused by nothing else.
      lastsMs: inject('short') ? 13_000 : 20_000,
      boundMs: 15_000,
      begin: async () => network.freeze(),
      end: async () => network.thaw(),
    });
    expect(traffic.count(503, 'unavailable')).toBeGreaterThan(0);
  });
});
