import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEVIATIONS } from './deviations.js';
import { FILES, judge, type Verdict, type VectorFile } from './wycheproof.js';

const HELP = `Runs the signature tests of C2SP/wycheproof (folder testvectors_v1) against the service's own verifier.

  npm run test:vectors -- DIR      DIR holds ${Object.keys(FILES).join(', ')}
  npm run test:vectors -- --help   this

It tests the signature layer: which keys are taken, the shape and the header of a token, its signature. Exits with 1 when a
verdict is not that of the test's label and not a listed deviation, when a listed one no longer deviates, and when the
number of tests is not the known one.
`;

try {
  const { values, positionals } = parseArgs({
    options: { help: { type: 'boolean', short: 'h', default: false } },
    allowPositionals: true,
  });
  const [folder, ...more] = positionals;
  if (values.help) process.stdout.write(HELP);
  else if (folder === undefined || more.length > 0) throw new Error(`Name one folder.\n\n${HELP}`);
  else run(folder);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function run(folder: string): void {
  const files = Object.keys(FILES) as VectorFile[];
  const missing = files.filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0) throw new Error(`${folder} has no ${missing.join(', ')}.`);
  const failures = files.flatMap((file) => report(file, judge(folder, file)));
  for (const failure of failures) process.stdout.write(`FAILED  ${failure}\n`);
  const passed = Object.values(FILES).reduce((sum, count) => sum + count, 0) - failures.length;
  process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
  if (failures.length > 0) process.exitCode = 1;
}

/** Prints what became of a file's tests. @returns what is not as it should be, a line each */
function report(file: VectorFile, verdicts: Verdict[]): string[] {
  const listed = DEVIATIONS[file] ?? [];
  const expected = new Set(listed.flatMap(({ tests }) => tests));
  const met = verdicts.filter(({ isMet }) => isMet).length;
  process.stdout.write(
    `${file}: ${verdicts.length} tests, ${met} as labelled, ${expected.size} deviations\n`,
  );
  for (const { reason, tests } of listed) process.stdout.write(`  ${tests.join(', ')}: ${reason}\n`);
  const wrong = verdicts.filter(({ tcId, isMet }) => isMet === expected.has(tcId));
  const known = new Set(verdicts.map(({ tcId }) => tcId));
  return [
    ...wrong.map((verdict) => `${file} ${describe(verdict)}`),
    ...[...expected].filter((tcId) => !known.has(tcId)).map((tcId) => `${file} has no test ${tcId}`),
    ...(verdicts.length === FILES[file] ? [] : [`${file} has ${verdicts.length} tests, not ${FILES[file]}`]),
  ];
}

function describe({ tcId, comment, label, refusal, isMet }: Verdict): string {
  const verdict = refusal === null ? 'accepted' : `refused (${refusal})`;
  const note = isMet ? '; it is listed as a deviation, and is none' : '';
  return `${tcId} ${comment}: ${label}, and ${verdict}${note}`;
}
