import type { TestContext } from 'vitest';

/** What a fault was, and what came of it: a row of the table. */
export interface Finding {
  readonly done: string;
  /** What was sent meanwhile, and what was acknowledged. */
  readonly load: string;
  readonly seen: string;
  readonly recovery: string;
}

declare module 'vitest' {
  interface TaskMeta {
    finding?: Partial<Finding>;
  }
  export interface ProvidedContext {
    /** Whether there is little time. */
    short: boolean;
    seed: number;
  }
}

/** Notes for the table what is known by now: also what a promise that is broken next was about. */
export function note({ task }: TestContext, finding: Partial<Finding>): void {
  task.meta.finding = { ...task.meta.finding, ...finding };
}
