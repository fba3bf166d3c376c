import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Bench } from '../bench.js';
import type { Claim, Outcome } from '../claim.js';
import { medianFigure } from '../figure.js';
import { Service } from '../service.js';

/** Until the work of starting is over. */
const SETTLE_MS = 1_000;

/** The start of the built service on a database that has its tables. */
export const start: Claim = {
  name: 'start',
  title: 'The service itself, built, with PostgreSQL running',
  limitSeconds: 90,
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const environment = await bench.environment(await bench.database());
  await (await Service.start(bench, environment)).stop();
  const seconds: number[] = [];
  const megabytes: number[] = [];
  for (let round = 0; round < (bench.quick ? 3 : 5); round += 1) {
    const service = await Service.start(bench, environment);
    seconds.push(service.readyAfterMs / 1_000);
    if (!bench.quick || round === 0) {
      await sleep(SETTLE_MS);
      megabytes.push(await residentMegabytes(service.pid));
    }
    await service.stop();
  }
  return {
    figures: [
      medianFigure(
        { key: 'readySeconds', claim: 'ready after start', unit: 's', goal: { atMost: 1.5 } },
        seconds,
      ),
      medianFigure(
        { key: 'memoryMb', claim: 'memory at rest (resident)', unit: 'MB', goal: { atMost: 120 } },
        megabytes,
      ),
    ],
  };
}

async function residentMegabytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return (Number(stdout) * 1_024) / 1e6;
}
