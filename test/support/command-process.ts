import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import type { Environment } from '../../src/config/environment.js';

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command of `src/`, built, and run as a process of its own as at a terminal. */
export class BuiltCommand {
  private constructor(
    private readonly dir: string,
    private readonly name: string,
  ) {}

  /** @param name of its file in `src/`, e.g. `clients` */
  static async build(name: string): Promise<BuiltCommand> {
    const dir = await mkdtemp(join(tmpdir(), 'tokenhouse-test-'));
    await symlink(resolve('node_modules'), join(dir, 'node_modules'));
    const output = { entryFileNames: `${name}.mjs` };
    const options = { ssr: `src/${name}.ts`, outDir: dir, emptyOutDir: false, rolldownOptions: { output } };
    await build({ configFile: false, logLevel: 'error', build: options });
    return new BuiltCommand(dir, name);
  }

  run(args: string[], environment: Environment): Promise<CommandResult> {
    const file = join(this.dir, `${this.name}.mjs`);
    // Nothing of the tests' own environment decides.
    const options = { cwd: this.dir, env: { PATH: process.env.PATH, ...environment } };
    return new Promise((done) => {
      execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) => {
        done({ code: Number(error?.code ?? 0), stdout, stderr });
      });
    });
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}
