import type { Bench } from './bench.js';
import type { Figure } from './figure.js';

/** A group of claims that are measured together. */
export interface Claim {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Why `--quick` leaves it out; absent: it does not. */
  readonly notQuick?: string;
  /** The wall-clock bound of the whole group. */
  readonly limitSeconds: number;
  /** @throws when something could not be measured; a missed goal is a figure like any other */
  run(bench: Bench): Promise<Outcome>;
}

export interface Outcome {
  readonly figures: readonly Figure[];
  /** What the ratios are made of, for the plot and the page. */
  readonly rates?: readonly Rate[];
  /** Things worth saying that are no figures: what was not there to be measured, for instance. */
  readonly notes?: readonly string[];
}

/** How much a server did in each round. */
export interface Rate {
  readonly label: string;
  /** What it is and how it is set up. */
  readonly about: string;
  readonly perSecond: readonly number[];
  readonly cpuMicrosPerRequest: readonly number[];
}
