import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { build } from 'vite';
import type { Environment } from '../../src/config/environment.js';

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A program that goes on until it is ended; it says what it does on standard output. */
export type Program = ChildProcessByStdio<null, Readable, null>;

/** A command of `src/`, built, and run as a process of its own as at a terminal. */
export class BuiltCommand {
  private constructor(
    private readonly dir: string,
    private readonly name: string,
  ) {}

  /** @param name of its file in `src/`, e.g. `clients`, or in another folder */
  static async build(name: string, folder = 'src'): Promise<BuiltCommand> {
    const dir = await mkdtemp(join(tmpdir(), 'tokenhouse-test-'));
    await symlink(resolve('node_modules'), join(dir, 'node_modules'));
    const output = { entryFileNames: `${name}.mjs` };
    const options = {
      ssr: `${folder}/${name}.ts`,
      outDir: dir,
      emptyOutDir: false,
      rolldownOptions: { output },
    };
    await build({ configFile: false, logLevel: 'error', build: options });
    return new BuiltCommand(dir, name);
  }

  run(args: string[], environment: Environment): Promise<CommandResult> {
    return new Promise((done) => {
      execFile(process.execPath, [this.file, ...args], this.options(environment), (error, stdout, stderr) => {
        done({ code: Number(error?.code ?? 0), stdout, stderr });
      });
    });
  }

  start(environment: Environment): Program {
    return spawn(process.execPath, [this.file], {
      ...this.options(environment),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }

  private get file(): string {
    return join(this.dir, `${this.name}.mjs`);
  }

  /** Nothing of the tests' own environment decides. */
  private options(environment: Environment): { cwd: string; env: NodeJS.ProcessEnv } {
    return { cwd: this.dir, env: { PATH: process.env.PATH, ...environment } };
  }
}
