import type { Claim } from '../claim.js';
import type { Result } from '../runner.js';
import type { Machine } from './machine.js';

/** All that a run found out. */
export interface Report {
  readonly machine: Machine;
  readonly startedAt: Date;
  readonly seconds: number;
  readonly quick: boolean;
  /** Whether every claim was measured at full length. */
  readonly isFull: boolean;
  readonly results: readonly Result[];
  readonly leftOut: readonly Claim[];
}
