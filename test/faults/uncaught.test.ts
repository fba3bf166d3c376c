import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { Environment } from '../../src/config/environment.js';
import { note } from './finding.js';
import { HttpClient } from './support/http-client.js';
import { Lab } from './support/lab.js';
import { Postgres } from './support/postgres.js';
import { Service } from './support/service.js';
import { inSeconds, Traffic } from './support/traffic.js';

/** Code of others inside of the process, which fails at a signal that nothing else listens to. */
const FAULTY = {
  SIGWINCH: 'setTimeout(() => { throw new Error("of a timer") })',
  SIGCONT: 'void Promise.reject("of a promise")',
} as const;
const IMPORTED = Object.entries(FAULTY)
  .map(([signal, code]) => `process.on("${signal}", () => { ${code} });`)
  .join('');

describe('an error that nobody handles', () => {
  const lab = new Lab();
  let postgres: Postgres;
  let environment: Environment;
  let service: Service;

  beforeAll(async () => {
    postgres = await Postgres.start(lab);
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(IMPORTED)}`;
    environment = await lab.environment(postgres.url, { NODE_OPTIONS });
    service = await Service.start(lab, environment);
  });
  afterAll(() => lab.close());

  /** The process ends, says why, and nothing that was acknowledged is lost. */
  async function expectEnd(context: TestContext, signal: keyof typeof FAULTY, reason: RegExp): Promise<void> {
    if (!service.running) await service.start();
    const traffic = await Traffic.prepare(service.url, { pauseMs: 2 });
    traffic.start();
    await expect.poll(() => traffic.exchanges.length).toBeGreaterThan(20);
    service.signal(signal);
    expect(await service.ended(), 'exit code').toBe(1);
    await traffic.pause();
    expect(service.errors).toMatch(reason);
    expectNoSecret(service.errors);
    const recovered = await service.start();
    await traffic.expectNothingLost(postgres);
    note(context, {
      done: 'thrown while it is used',
      load: traffic.load,
      seen: traffic.seen,
      recovery: `started again in ${inSeconds(recovered)}`,
    });
  }

  function expectNoSecret(text: string): void {
    expect(text).not.toContain(environment.APP_KEY);
    expect(text).not.toContain(environment.DATABASE_URL);
    expect(text).not.toMatch(/eyJ[\w-]+\.[\w-]+|\$argon2/);
  }

  it('RES-17: in a timer', (context) => expectEnd(context, 'SIGWINCH', /Error: of a timer/));

  it('RES-17: in a promise, and no error at all', (context) => expectEnd(context, 'SIGCONT', /of a promise/));

  it('LOG-10: no secret is in the list of processes, and no dump is left', async (context) => {
    expectNoSecret(await readFile(`/proc/${service.pid}/cmdline`, 'utf8'));
    const folders = [`/proc/${service.pid}/cwd/`, String(environment.DATA_DIR)];
    const files = (await Promise.all(folders.map((folder) => readdir(folder)))).flat();
    expect(files.filter((file) => /core|report|dump|heap/i.test(file))).toEqual([]);
    const client = new HttpClient(service.url);
    expect((await client.get('/health/live')).is(200)).toBe(true);
    client.close();
    note(context, { done: 'looked at the running process, and at what those that ended left' });
  });
});
