import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import openapiTypescript, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { someEmail } from '../support/client.js';

const run = promisify(execFile);
const PROGRAM = 'test/support/generated-client.ts.txt';

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  // Generated code has to compile with whatever its user has set.
  noUnusedLocals: true,
  skipLibCheck: true,
};

/** What the compiler says of a file; it writes its JavaScript beside it. */
function compile(file: string, folder: string): string[] {
  const program = ts.createProgram([file], { ...options, rootDir: folder, outDir: folder });
  const diagnostics = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('a client generated from openapi.json', () => {
  let target: TestApp;
  let folder: string;

  beforeAll(async () => {
    target = await startApp();
    folder = await mkdtemp(join(tmpdir(), 'tokenhouse-client-'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await symlink(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
    const schema = await openapiTypescript(await readFile('openapi.json', 'utf8'));
    await writeFile(join(folder, 'schema.ts'), astToString(schema));
    await copyFile(PROGRAM, join(folder, 'client.ts'));
  });
  afterAll(async () => {
    await target.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('compiles under strict, and goes from registering to signing out', { timeout: 60_000 }, async () => {
    expect(compile(join(folder, 'client.ts'), folder)).toEqual([]);

    const email = someEmail();
    const { stdout } = await run(process.execPath, [join(folder, 'client.js'), target.url, email]);
    expect(JSON.parse(stdout)).toEqual({
      names: ['Ada', null],
      refusal: 'invalid_credentials',
      email,
      currentIsMine: true,
      sessions: 2,
      browser: null,
      rawIsToken: true,
      refreshed: true,
      loggedOut: 204,
      after: 'session_revoked',
    });
  });
});
