import { Clock } from '../../src/common/clock.js';

/** The real time, moved by as much as a test says. */
export class TestClock extends Clock {
  private offsetMs = 0;

  override nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  /** Moves this process' clock; that of the database stays. */
  advanceSeconds(seconds: number): void {
    this.offsetMs += seconds * 1000;
  }

  reset(): void {
    this.offsetMs = 0;
  }
}
