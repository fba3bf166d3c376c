const TOLD_PER_SECOND = 100;
const THEN_ONE_OF = 100;

/**
 * Of what happens more often than a hundred times a second only one of a hundred more is told, with how many that stands
 * for, so that nobody fills a log by asking for nonsense (LOG-07).
 */
export class LogSampling {
  private second = 0;
  private count = 0;
  private passedOver = 0;

  /** How many were passed over before this one; null: this one is, too. */
  take(nowMs: number): number | null {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) this.count = 0;
    this.second = second;
    this.count += 1;
    if (this.count > TOLD_PER_SECOND && this.count % THEN_ONE_OF !== 0) {
      this.passedOver += 1;
      return null;
    }
    const { passedOver } = this;
    this.passedOver = 0;
    return passedOver;
  }
}
