import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../../src/config/environment.js';
import { HttpClient } from './http-client.js';
import { freePort, type Lab } from './lab.js';

const MAIN = join(import.meta.dirname, '../../../dist/main.js');
const START_MS = 30_000;
const STOP_MS = 20_000;
const POLL_MS = 10;
const KEPT_CHARACTERS = 4_000;

/** The service ends when we are gone, however we went. */
const END_WITH_US = 'data:text/javascript,process.on("disconnect",()=>process.exit(1))';
/** `ulimit` takes blocks of 512 bytes. */
const LIMIT_FILES = 'ulimit -f "$1"; shift; exec "$@"';

interface ServiceOptions {
  /** Where its log goes; nowhere, unless said. */
  readonly stdout?: number;
  /** The size that no file of its own may exceed, in blocks of 512 bytes. */
  readonly fileBlocks?: number;
}

/** The built service, a process of its own, which keeps its port when it is started again. */
export class Service {
  private child?: ChildProcess;
  private lastErrors = '';

  private constructor(
    private readonly folder: string,
    private readonly environment: Environment,
    private readonly options: ServiceOptions,
  ) {}

  static async start(lab: Lab, environment: Environment, options: ServiceOptions = {}): Promise<Service> {
    const port = String(await freePort());
    // In a folder of its own, where no `.env` lies.
    const service = new Service(await lab.folder(), { ...environment, PORT: port }, options);
    lab.add(() => service.stop());
    await service.start();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.environment.PORT}`;
  }

  get pid(): number {
    return this.child?.pid ?? NaN;
  }

  /** The end of what it said on standard error. */
  get errors(): string {
    return this.lastErrors;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** @returns after how many milliseconds it was ready */
  async start(): Promise<number> {
    this.launch();
    return this.ready();
  }

  /** Waits until it is ready to serve. @returns for how many milliseconds */
  async ready(): Promise<number> {
    const begin = performance.now();
    const client = new HttpClient(this.url);
    try {
      while (!(await client.get('/health/ready')).is(200)) {
        if (!this.running) throw new Error(`The service ended. It said:\n${this.lastErrors}`);
        if (performance.now() - begin > START_MS) throw new Error('The service did not get ready.');
        await sleep(POLL_MS);
      }
    } finally {
      client.close();
    }
    return performance.now() - begin;
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  /** @returns the exit code; null when a signal ended it */
  async ended(): Promise<number | null> {
    const { child } = this;
    if (child && this.running) await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended();
  }

  /** In good order if it can be, else at once. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const impatience = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
    await this.ended();
    clearTimeout(impatience);
  }

  /** With nothing of our own environment: a run must not depend on whose shell it is in. */
  private launch(): void {
    const { stdout, fileBlocks } = this.options;
    const node = [process.execPath, '--import', END_WITH_US, MAIN];
    const [program, ...args] =
      fileBlocks === undefined ? node : ['/bin/sh', '-c', LIMIT_FILES, 'sh', String(fileBlocks), ...node];
    const child = spawn(program as string, args, {
      cwd: this.folder,
      env: { PATH: process.env.PATH, ...this.environment },
      stdio: ['ignore', stdout ?? 'ignore', 'pipe', 'ipc'],
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.lastErrors = (this.lastErrors + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
    this.child = child;
  }
}
