import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLAIMS } from './claims/index.js';
import type { Claim } from './claim.js';
import { Cleanup } from './cleanup.js';
import { HELP, type Options, readOptions } from './options.js';
import { findPostgres } from './postgres.js';
import { describeMachine } from './report/machine.js';
import { writePage } from './report/page.js';
import type { Report } from './report/report.js';
import { asJson } from './report/json.js';
import { asTable } from './report/table.js';
import { runClaims } from './runner.js';

const interrupted = new AbortController();
const interrupt = (reason: Error): void => interrupted.abort(reason);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => interrupt(new Error(`Interrupted by ${signal}.`)));
}
// What was started must be stopped and removed all the same.
process.once('uncaughtException', interrupt);

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});

/** @returns the exit code: 0 when everything was measured, whatever the figures are */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const report = await measure(options);
  process.stdout.write(options.json ? asJson(report) : asTable(report));
  if (interrupted.signal.aborted || report.results.some(({ failure }) => failure !== undefined)) return 1;
  if (report.isFull) await writePage(report);
  return 0;
}

async function measure(options: Options): Promise<Report> {
  const { quick, only } = options;
  const chosen = CLAIMS.filter(({ name }) => only.length === 0 || only.includes(name));
  // Asked for by name it is measured, however long it takes.
  const isLeftOut = (claim: Claim): boolean => quick && only.length === 0 && claim.notQuick !== undefined;
  const cleanup = new Cleanup();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'tokenhouse-bench-'));
    cleanup.add(() => rm(folder, { recursive: true, force: true }));
    const adminUrl = await findPostgres(cleanup, folder);
    const machine = await describeMachine(adminUrl);
    const startedAt = new Date();
    const results = await runClaims(
      chosen.filter((claim) => !isLeftOut(claim)),
      { quick, adminUrl, interrupted: interrupted.signal, progress },
    );
    const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000);
    const leftOut = chosen.filter(isLeftOut);
    return { machine, startedAt, seconds, quick, isFull: !quick && only.length === 0, results, leftOut };
  } finally {
    await cleanup.run();
  }
}

/** On the standard error, because the standard output is for the result. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
