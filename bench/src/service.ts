import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.js';
import { Child } from './child.js';
import { HttpClient } from './http-client.js';
import { type Environment, MAIN } from './tokenhouse.js';

const POLL_MS = 5;

/** The built service itself, as `npm start` runs it. */
export class Service {
  private constructor(
    private readonly child: Child,
    readonly url: string,
    /** From the start of the process until it said that it is ready. */
    readonly readyAfterMs: number,
  ) {}

  static async start(bench: Bench, environment: Environment): Promise<Service> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const startedAtMs = performance.now();
    // In a folder of its own, where no `.env` lies.
    const cwd = await bench.folder();
    const child = new Child(bench, MAIN, { ...environment, PORT: String(port) }, { cwd });
    await child.until(ready(url));
    return new Service(child, url, performance.now() - startedAtMs);
  }

  get pid(): number {
    return this.child.pid;
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}

async function ready(url: string): Promise<void> {
  const client = new HttpClient(url, 1);
  const status = (): Promise<number> =>
    client.get('/health/ready').then(
      (answer) => answer.status,
      () => 0,
    );
  while ((await status()) !== 200) await sleep(POLL_MS);
  client.close();
}

/** Free a moment ago; nobody but us is expected to take one. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
