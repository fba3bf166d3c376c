import { maximum, median, minimum, percentile } from './statistics.js';

export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** What was measured, beside what was promised. */
export interface Figure {
  /** Its name in the JSON. */
  readonly key: string;
  readonly claim: string;
  readonly unit: '×' | 'ms' | 's' | 'MB' | 'statements' | 'requests';
  readonly value: number;
  /** The smallest and the largest of what `value` was taken from. */
  readonly spread: readonly [number, number];
  /** How many measurements that was. */
  readonly samples: number;
  /** Absent: shown for comparison. */
  readonly goal?: Goal;
}

type Description = Pick<Figure, 'key' | 'claim' | 'unit' | 'goal'>;

/** The median of a measurement that was repeated. */
export function medianFigure(description: Description, values: readonly number[]): Figure {
  return figureOf(description, values, median(values));
}

export function percentileFigure(
  description: Description,
  values: readonly number[],
  percent: number,
): Figure {
  return figureOf(description, values, percentile(values, percent));
}

/** The worst of all: for what must never happen. */
export function maximumFigure(description: Description, values: readonly number[]): Figure {
  return figureOf(description, values, maximum(values));
}

/** Undefined for a figure without a goal. */
export function isReached({ value, goal }: Figure): boolean | undefined {
  if (!goal) return undefined;
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}

function figureOf(description: Description, values: readonly number[], value: number): Figure {
  return { ...description, value, spread: [minimum(values), maximum(values)], samples: values.length };
}
