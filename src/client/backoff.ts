import { randomInt } from 'node:crypto';

const FIRST_MS = 100;

/** How long to wait between attempts that fail: doubling, up to a bound, and never the same in two processes. */
export class Backoff {
  private wholeMs = FIRST_MS;

  constructor(private readonly longestMs: number) {}

  nextMs(): number {
    const whole = Math.min(this.wholeMs, this.longestMs);
    this.wholeMs = whole * 2;
    return randomInt(Math.ceil(whole / 2), whole + 1);
  }

  /** Something has succeeded. */
  reset(): void {
    this.wholeMs = FIRST_MS;
  }
}
