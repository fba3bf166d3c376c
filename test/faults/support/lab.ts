import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../src/config/environment.js';

/** What a fault is brought about with. All that it starts and makes is gone when it closes. */
export class Lab {
  private readonly steps: (() => Promise<unknown>)[] = [];
  /** Replicas of one service share it. */
  private readonly appKey = randomBytes(32).toString('base64');

  /** Has something undone in the end, the last thing first. */
  add(step: () => Promise<unknown>): void {
    this.steps.push(step);
  }

  /** A folder of its own. */
  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'tokenhouse-faults-'));
    this.add(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  /** What the service is started with: its defaults, without limits, which would be in the way of any load. */
  async environment(databaseUrl: string, changes: Environment = {}): Promise<Environment> {
    return {
      APP_KEY: this.appKey,
      DATABASE_URL: databaseUrl,
      DATA_DIR: await this.folder(),
      HOST: '127.0.0.1',
      PUBLIC_URL: 'http://localhost:3000',
      RATE_LIMIT: 'off',
      ...changes,
    };
  }

  /** Every step is tried. @throws AggregateError of those that failed */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.steps.pop(); step; step = this.steps.pop()) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, `Cleaning up failed: ${failures.join('; ')}`);
  }
}

/** Free a moment ago; nobody but us is expected to take one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
