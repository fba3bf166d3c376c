import { Overloaded } from '../common/common.errors.js';

/** Runs a bounded number of jobs at once and lets a bounded number wait for a bounded time. */
export class WorkQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly atOnce: number,
    private readonly maxWaiting: number,
    private readonly maxWaitMs: number,
  ) {}

  /** @throws Overloaded when the queue is full or the wait too long; the job then never starts */
  async run<T>(job: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await job();
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    if (this.running < this.atOnce) {
      this.running += 1;
      return;
    }
    if (this.waiting.length >= this.maxWaiting) throw new Overloaded();
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(start), 1);
        reject(new Overloaded());
      }, this.maxWaitMs);
      this.waiting.push(start);
    });
  }

  /** The place is handed on, so `running` changes only when nobody waits. */
  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running -= 1;
  }
}
