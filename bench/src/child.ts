import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.js';
import type { Call, Message } from './servers/calls.js';
import type { Environment } from './tokenhouse.js';

const START_MS = 30_000;
const STOP_MS = 10_000;
const KEPT_CHARACTERS = 4_000;

/** A process of ours. Its standard output, the log, goes nowhere; of its errors the last are kept. */
export class Child {
  readonly process: ChildProcess;
  private lastErrors = '';

  /** With nothing of our own environment: a benchmark must not depend on whose shell it runs in. */
  constructor(bench: Bench, module: string, environment: Environment, options: ForkOptions = {}) {
    this.process = fork(module, {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      ...options,
      env: { PATH: process.env.PATH, ...environment },
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.lastErrors = (this.lastErrors + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
    bench.cleanup.add(() => this.stop());
  }

  get pid(): number {
    return this.process.pid ?? NaN;
  }

  /** Rejects when the process ends, or when it takes too long, before `ready`. */
  async until<T>(ready: Promise<T>): Promise<T> {
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      return await Promise.race([
        ready,
        once(this.process, 'exit', { signal }).then(() => this.fail('ended')),
        sleep(START_MS, undefined, { signal }).then(() => this.fail('took too long')),
      ]);
    } finally {
      waiting.abort();
    }
  }

  /** In good order if it can be, else at once. */
  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    const impatience = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(impatience);
  }

  private fail(what: string): never {
    const { spawnfile, spawnargs } = this.process;
    throw new Error(`${[spawnfile, ...spawnargs.slice(1)].join(' ')} ${what}. It said:\n${this.lastErrors}`);
  }
}

/** One of the programs in `servers/`. */
export class Server {
  private calls = 0;

  private constructor(
    private readonly child: Child,
    readonly url: string,
  ) {}

  static async start(bench: Bench, name: string, environment: Environment = {}): Promise<Server> {
    const module = new URL(`./servers/${name}.js`, import.meta.url).pathname;
    const child = new Child(bench, module, { NODE_ENV: 'production', ...environment });
    const ready = once(child.process, 'message') as Promise<[{ ready: string }]>;
    const [message] = await child.until(ready);
    return new Server(child, message.ready);
  }

  /** Has the server do one of its calls. */
  async call<T>(name: string, ...parameters: unknown[]): Promise<T> {
    const id = ++this.calls;
    const { process } = this.child;
    const answered = new Promise<T>((resolve, reject) => {
      const listen = (message: Message): void => {
        if (!('id' in message) || message.id !== id) return;
        process.off('message', listen);
        if ('error' in message) reject(new Error(message.error));
        else resolve(message.result as T);
      };
      process.on('message', listen);
    });
    process.send({ id, name, parameters } satisfies Call);
    return this.child.until(answered);
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
