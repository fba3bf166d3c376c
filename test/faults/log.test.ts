import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it, type TestContext } from 'vitest';
import { note } from './finding.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';
import { inSeconds, Traffic } from './support/traffic.js';
import { HONEST } from './support/visitor.js';

const LOAD_MS = inject('short') ? 2_000 : 10_000;
const BOUND_MS = 5_000;
/** Of the line of a request. */
const SHORTEST_LINE = 150;
const LOST = /\d+ lines of this log were lost/;

describe('the log is not taken', () => {
  const lab = new Lab();
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
  });
  afterAll(() => lab.close());

  /** In production, where every request is a line, with its limits: so people only read. */
  const start = async (stdout: number, fileBlocks?: number): Promise<Service> => {
    const production = { NODE_ENV: 'production', RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' };
    return Service.start(lab, await lab.environment(postgres.url, production), { stdout, fileBlocks });
  };

  const load = async (service: Service): Promise<Traffic> => {
    const { session, guarded } = HONEST;
    const requests = { session, guarded };
    return (await Traffic.prepare(service.url, { requests })).start();
  };

  /** Everything is answered as ever. */
  async function expectUntouched(
    context: TestContext,
    service: Service,
    traffic: Traffic,
    done: string,
  ): Promise<void> {
    await traffic.stop();
    note(context, { done, load: traffic.load, seen: traffic.seen, recovery: 'was never away' });
    expect(service.running).toBe(true);
    expect(
      traffic.exchanges.filter(({ answer }) => !answer.is(200)).map(({ answer }) => String(answer)),
    ).toEqual([]);
    traffic.expectOrder(BOUND_MS);
  }

  /** A pipe with one reader, who is to be told what to do. */
  async function pipe(): Promise<{ reader: number; writer: number }> {
    const path = join(await lab.folder(), 'log');
    await promisify(execFile)('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY);
    lab.add(async () => closeSync(writer));
    return { reader, writer };
  }

  it('RES-16: its volume is full', async (context) => {
    const path = join(await lab.folder(), 'log');
    const file = await open(path, 'a');
    lab.add(() => file.close());
    const service = await start(file.fd, 32);
    const traffic = await load(service);
    await sleep(LOAD_MS);
    const full = await readFile(path);
    expect(full.length).toBe(32 * 512);
    // As somebody who rotates it, or makes room.
    await file.truncate();
    await expect.poll(() => readFile(path, 'utf8'), { timeout: BOUND_MS }).toMatch(LOST);
    await expectUntouched(context, service, traffic, `no room in its file for ${inSeconds(LOAD_MS)}`);
  });

  it('RES-16: its reader is stuck', async (context) => {
    const { reader, writer } = await pipe();
    lab.add(async () => closeSync(reader));
    const service = await start(writer);
    const traffic = await load(service);
    await sleep(LOAD_MS);
    await expect.poll(() => traffic.exchanges.length, { timeout: 30_000 }).toBeGreaterThan(1_000);
    await expectUntouched(context, service, traffic, `a pipe that nobody read for ${inSeconds(LOAD_MS)}`);
    const inPipe = readSync(reader, Buffer.alloc(2 ** 20));
    expect(inPipe, 'the pipe was full').toBeLessThan(traffic.exchanges.length * SHORTEST_LINE);
  });

  it('RES-16: its reader is gone', async (context) => {
    const { reader, writer } = await pipe();
    const service = await start(writer);
    const traffic = await load(service);
    closeSync(reader);
    await sleep(LOAD_MS);
    await expectUntouched(
      context,
      service,
      traffic,
      `a pipe whose reader ended (EPIPE) for ${inSeconds(LOAD_MS)}`,
    );
  });
});
