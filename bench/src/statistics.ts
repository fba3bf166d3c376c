/** The value below which `percent` of them lie (nearest rank). @throws RangeError without values */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('Nothing was measured.');
  return value;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const around = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  if (around.length === 0) throw new RangeError('Nothing was measured.');
  return around.reduce((sum, value) => sum + value, 0) / around.length;
}

export const minimum = (values: readonly number[]): number => percentile(values, 0);
export const maximum = (values: readonly number[]): number => percentile(values, 100);

/** Round by round: two things that were measured one after the other are compared, not two averages. */
export function ratios(measured: readonly number[], to: readonly number[]): number[] {
  return measured.map((value, round) => value / (to[round] ?? NaN));
}
