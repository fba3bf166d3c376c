import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Environment } from '../../src/config/environment.js';
import { Mailbox } from '../support/mailbox.js';
import { note } from './finding.js';
import { endure } from './support/endure.js';
import { expectLettersOut } from './support/letters.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';
import { inSeconds } from './support/traffic.js';

const LASTS_MS = inject('short') ? 2_000 : 15_000;

describe('letters as files find no room', () => {
  const lab = new Lab();
  let postgres: Postgres;
  let environment: Environment;
  let outbox: string;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    environment = await lab.environment(postgres.url);
    outbox = join(String(environment.DATA_DIR), 'outbox');
  });
  afterAll(() => lab.close());

  const addresses = async (): Promise<string[]> => (await new Mailbox(outbox).all()).map(({ to }) => to);

  const waiting = async (): Promise<number> => {
    const sql = `SELECT count(*)::int AS count FROM mail_outbox WHERE state = 'waiting' AND last_error IS NOT NULL`;
    return (await postgres.query<{ count: number }>(sql))[0]?.count ?? 0;
  };

  const drafts = async (): Promise<string[]> =>
    (await readdir(outbox)).filter((name) => name.endsWith('.tmp'));

  /** A file in the place of the folder is in the way of everybody, of root as well, whom no mode of a folder stops. */
  it('RES-16: their folder cannot be written', async (context) => {
    const aside = `${outbox}.aside`;
    const service = await Service.start(lab, environment);
    const traffic = await endure(context, service, postgres, {
      what: 'a file in the place of DATA_DIR/outbox',
      lastsMs: LASTS_MS,
      boundMs: 3_000,
      begin: async () => {
        await mkdir(outbox, { recursive: true });
        await rename(outbox, aside);
        await writeFile(outbox, '');
      },
      during: () => expect.poll(waiting, { timeout: 5_000 }).toBeGreaterThan(0),
      end: async () => {
        await rm(outbox);
        await rename(aside, outbox);
      },
    });
    expect(traffic.count(503, 'unavailable'), 'nobody notices').toBe(0);
    const waited = await expectLettersOut(postgres, addresses);
    note(context, { recovery: `the last letter after ${inSeconds(waited)}` });
    await service.stop();
  });

  /** What `ulimit -f` allows ends in the middle of a letter, as a disk does. It holds for the life of a process. */
  it('RES-16: their disk is full in the middle of a letter', async (context) => {
    // A folder that was taken away in the middle of a letter came back with its draft.
    const before = await drafts();
    let service = await Service.start(lab, environment, { fileBlocks: 1 });
    const traffic = await endure(context, service, postgres, {
      what: 'no file longer than 512 bytes (ulimit -f)',
      lastsMs: LASTS_MS,
      boundMs: 3_000,
      begin: async () => {},
      during: () => expect.poll(waiting, { timeout: 5_000 }).toBeGreaterThan(0),
      end: async () => {},
    });
    expect(traffic.count(503, 'unavailable'), 'nobody notices').toBe(0);
    await service.stop();
    const left = (await drafts()).filter((name) => !before.includes(name));
    expect(left, 'what is left of letters that had no room').toEqual([]);
    service = await Service.start(lab, environment);
    const waited = await expectLettersOut(postgres, addresses);
    note(context, { recovery: `restarted with room; the last letter after ${inSeconds(waited)}` });
  });
});
