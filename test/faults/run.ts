import { startVitest } from 'vitest/node';
import { FOLDER, HELP, type Options, readOptions } from './options.js';

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else await run(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Vitest sets the exit code. */
async function run({ short, seed, files }: Options): Promise<void> {
  process.stdout.write(`Seed ${seed}\n`);
  const vitest = await startVitest('test', [...files], {
    config: `${FOLDER}vitest.config.ts`,
    watch: false,
    provide: { short, seed },
  });
  await vitest.close();
}
