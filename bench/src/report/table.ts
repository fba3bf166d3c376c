import type { Figure } from '../figure.js';
import { formatGoal, formatReached, formatSpread, formatValue } from './format.js';
import type { Report } from './report.js';

const HEAD = ['', 'figure', 'goal', 'reached', 'min–max (of)'];

/** For the terminal. */
export function asTable({ results, leftOut, seconds }: Report): string {
  const rows = results.flatMap(({ claim, outcome, failure }) => [
    [`${claim.title}${failure === undefined ? '' : ': FAILED'}`],
    ...(outcome?.figures ?? []).map(row),
  ]);
  const widths = HEAD.map((head, column) => {
    const cells = rows.filter((cells) => cells.length > 1).map((cells) => cells[column] ?? '');
    return Math.max(head.length, ...cells.map((cell) => cell.length));
  });
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const notes = results.flatMap(({ outcome }) => outcome?.notes ?? []);
  const missing = leftOut.map(({ name, notQuick }) => `Left out: ${name} (${notQuick}).`);
  const failures = results.flatMap(({ claim, failure }) =>
    failure === undefined ? [] : [`${claim.name} failed: ${failure.split('\n', 1)[0]}`],
  );
  const end = [...notes, ...missing, ...failures, `Measured in ${seconds} s.`];
  return `${[line(HEAD), ...rows.map(line), '', ...end].join('\n')}\n`;
}

function row(figure: Figure): string[] {
  return [
    `  ${figure.claim}`,
    formatValue(figure),
    formatGoal(figure),
    formatReached(figure),
    formatSpread(figure),
  ];
}
