import { isReached } from '../figure.js';
import type { Report } from './report.js';

/** Each figure by its key as a number, and all about it in `figures`. */
export function asJson(report: Report): string {
  const { results, leftOut, machine, startedAt, seconds, quick } = report;
  const figures = results.flatMap(({ outcome }) => outcome?.figures ?? []);
  const object = {
    ...Object.fromEntries(figures.map(({ key, value }) => [key, value])),
    figures: Object.fromEntries(
      figures.map(({ key, ...figure }) => [key, { ...figure, reached: isReached({ key, ...figure }) }]),
    ),
    rates: results.flatMap(({ outcome }) => outcome?.rates ?? []),
    notes: results.flatMap(({ outcome }) => outcome?.notes ?? []),
    failed: results.flatMap(({ claim, failure }) =>
      failure === undefined ? [] : [{ name: claim.name, reason: failure }],
    ),
    leftOut: leftOut.map(({ name, notQuick }) => ({ name, reason: notQuick })),
    machine,
    startedAt,
    seconds,
    quick,
  };
  return `${JSON.stringify(object, null, 2)}\n`;
}
