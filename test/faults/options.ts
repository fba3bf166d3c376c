import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** Where the faults are, from the compiled options as well as from their source. */
export const FOLDER = new URL(import.meta.url.includes('/dist/') ? '..' : '.', import.meta.url).pathname;

const ENDING = '.test.ts';
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length));

export interface Options {
  readonly short: boolean;
  readonly help: boolean;
  /** Decides what a run does at random. */
  readonly seed: number;
  /** Files of the faults to bring about. */
  readonly files: readonly string[];
}

/** @throws when an option or a name is unknown, in words for the person at the terminal */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const only = values.only.flatMap((names) => names.split(','));
  const unknown = only.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) throw new Error(`There is no fault ${unknown.join(', ')}.\n\n${HELP}`);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new Error('A seed is a whole number.');
  const chosen = only.length === 0 ? NAMES : only;
  return { ...values, seed, files: chosen.map((name) => `${FOLDER}${name}${ENDING}`) };
}

export const HELP = `Brings faults about while the built service is under load, and looks at what clients see of them.

  npm run test:faults                    everything, in six to ten minutes
  npm run test:faults -- --short         the same faults for a shorter time, in about two minutes
  npm run test:faults -- --only NAME     only that; comma-separated or repeated for several
  npm run test:faults -- --seed NUMBER   with the random choices of an earlier run, which printed its seed
  npm run test:faults -- --help          this

It starts a PostgreSQL of its own, from the programs that npm brought, and uses the Redis of REDIS_URL, else a stand-in.
Nothing leaves the machine, and all that it started is gone when it ends. It exits with 1 when a promise is broken.

${NAMES.map((name) => `  ${name}`).join('\n')}
`;
