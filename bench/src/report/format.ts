import { type Figure, isReached } from '../figure.js';

/** Three significant digits, and no more than are there. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 6 });
}

export function formatValue({ value, unit }: Figure): string {
  return unit === '×' ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
}

export function formatSpread({ spread, samples }: Figure): string {
  if (samples === 1) return '';
  return `${spread.map(formatNumber).join('–')} (${samples})`;
}

export function formatGoal({ goal }: Figure): string {
  if (!goal) return '';
  return 'atLeast' in goal ? `≥ ${formatNumber(goal.atLeast)}` : `≤ ${formatNumber(goal.atMost)}`;
}

export function formatReached(figure: Figure): string {
  const reached = isReached(figure);
  return reached === undefined ? '' : reached ? 'yes' : 'no';
}
