import { parseArgs } from 'node:util';
import { CLAIMS } from './claims/index.js';

export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly help: boolean;
  /** Names of claims; empty: all. */
  readonly only: readonly string[];
}

/** @throws when an option or a name is unknown, in words for the person at the terminal */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const only = values.only.flatMap((names) => names.split(','));
  const unknown = only.filter((name) => !CLAIMS.some((claim) => claim.name === name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')} to measure.\n\n${HELP}`);
  return { ...values, only };
}

const LIST = CLAIMS.map(
  ({ name, title, notQuick }) => `  ${name.padEnd(18)}${notQuick ? '*' : ' '} ${title}`,
).join('\n');

export const HELP = `Measures what Tokenhouse claims, each claim against its peer in the same run.

  npm run bench                         everything, about a quarter of an hour; writes docs/performance.md and .svg
  npm run bench -- --quick              short rounds, without those marked *; writes nothing
  npm run bench -- --only NAME          only that; comma-separated or repeated for several; writes nothing
  npm run --silent bench -- --json      one JSON object on standard output; combines with the others
  npm run bench -- --help               this

It uses the PostgreSQL of DATABASE_URL, else one on 127.0.0.1:5432, else the embedded one, in databases of its own
that it removes; and the Redis of REDIS_URL, else one on 127.0.0.1:6379, if there is one. Nothing leaves the machine.
Its exit code says whether everything could be measured, not whether the goals are reached.

${LIST}
`;
