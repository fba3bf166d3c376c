import { writeFile } from 'node:fs/promises';
import type { Rate } from '../claim.js';
import type { Figure } from '../figure.js';
import { median } from '../statistics.js';
import { formatGoal, formatNumber, formatReached, formatSpread, formatValue } from './format.js';
import { plot } from './plot.js';
import type { Report } from './report.js';

const DOCS = new URL('../../../docs/', import.meta.url);

/** Writes `docs/performance.md` and the plot in it. */
export async function writePage(report: Report): Promise<void> {
  const rates = report.results.flatMap(({ outcome }) => outcome?.rates ?? []);
  await writeFile(new URL('performance.svg', DOCS), plot(rates));
  await writeFile(new URL('performance.md', DOCS), page(report, rates));
}

function page(report: Report, rates: readonly Rate[]): string {
  const { machine, startedAt, seconds } = report;
  return `# Performance

What Tokenhouse claims, measured. \`npm run bench\` wrote this page on ${startedAt.toISOString().slice(0, 10)}, in ${Math.round(seconds / 60)} minutes, on a
machine with ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB of memory, ${machine.system}, Node.js ${machine.node} and PostgreSQL ${machine.postgres}. Load
generator, server and database share these cores, so absolute numbers say little; each claim is a ratio between things that were
measured in turn, in the same run.

![Requests per second of each guard](performance.svg)

## The claims

A figure is the median over the rounds, where it does not say otherwise; beside it the smallest and the largest, and of how many.

${report.results.map(section).join('\n\n')}

## What was put under load

${table(
  ['', 'requests/s', 'CPU of the server per request', 'what it is'],
  rates.map(({ label, perSecond, cpuMicrosPerRequest, about }) => [
    label,
    formatNumber(Math.round(median(perSecond))),
    `${formatNumber(Math.round(median(cpuMicrosPerRequest)))} µs`,
    about,
  ]),
)}

All of them run in a process of their own with \`NODE_ENV=production\` and answer \`{"hello":"world"}\`. [autocannon](https://github.com/mcollina/autocannon)
asks on 50 connections that are kept and, as the service closes them after that, renewed every 1,000 requests. Every answer must
be 2xx. \`node:http\` is about as fast as the load generator.

The service runs as \`npm start\` runs it: production, with its log (to \`/dev/null\`). Its database, and those of the peers, are on
one PostgreSQL with its settings as they were found.

## Run it again

\`\`\`sh
npm ci
npm run bench                      # everything; writes this page
npm run bench -- --quick           # in a minute, without what takes long
npm run bench -- --only NAME       # one part; --help lists them
npm run --silent bench -- --json   # the figures as one JSON object
\`\`\`

It takes the PostgreSQL of \`DATABASE_URL\`, else one on 127.0.0.1:5432, else the embedded one, in databases of its own that it removes.
Leave the machine alone meanwhile. The peers are in [\`bench/package.json\`](../bench/package.json), and what is done to them in
[\`bench/src\`](../bench/src).
`;
}

function section({ claim, outcome }: Report['results'][number]): string {
  const { figures = [], notes = [] } = outcome ?? {};
  const rows = figures.map((figure) => row(figure));
  const parts = [`### ${claim.title}`, ...(rows.length > 0 ? [table(HEAD, rows)] : []), ...notes];
  return parts.join('\n\n');
}

const HEAD = ['', 'figure', 'goal', 'reached', 'min–max (of)', 'in the JSON'];

function row(figure: Figure): string[] {
  const { claim, key } = figure;
  return [
    claim,
    formatValue(figure),
    formatGoal(figure),
    formatReached(figure),
    formatSpread(figure),
    `\`${key}\``,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
