import { setTimeout as delay } from 'node:timers/promises';
import { runInContext } from './request-context.js';
import { SharedRun } from './shared-run.js';

const POLL_MS = 1_000;
const SHUTDOWN_GRACE_MS = 5_000;

/** Work that waits in a table, and others may do it, too. */
export interface WorkSource<Job> {
  /** Jobs on their way at once, in this process. */
  readonly atOnce: number;
  /** Takes up to `limit` jobs that are due. Nobody else gets them until their lease ends. */
  claim(limit: number): Promise<Job[]>;
  /** Does a job and notes how that went; never rejects. */
  perform(job: Job): Promise<void>;
  /** The table cannot be read; told once, until it can. */
  onBlind(error: unknown): void;
}

/** Works off what is due: at once when it is woken, else within a second. */
export class TableWorker<Job> {
  private readonly held = new Set<Promise<void>>();
  private readonly looking = new SharedRun(() => this.look());
  private timer?: NodeJS.Timeout;
  private stopped = false;
  private blind = false;

  constructor(private readonly source: WorkSource<Job>) {}

  start(): void {
    this.timer = setInterval(this.wake, POLL_MS).unref();
    this.wake();
  }

  /** Looks for work soon; many calls at once cost one look. What is found is done for nobody's request. */
  readonly wake = (): void => {
    if (!this.stopped) void runInContext(null, () => this.looking.again());
  };

  /** Takes nothing new, gives what is under way a moment, then has it broken off. */
  async stop(breakOff: () => void): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.looking.settled();
    const work = Promise.all(this.held);
    await Promise.race([work, delay(SHUTDOWN_GRACE_MS, null, { ref: false })]);
    breakOff();
    await work;
  }

  private async look(): Promise<void> {
    // Nothing is taken that would only wait here; whoever finishes looks again.
    const free = this.source.atOnce - this.held.size;
    if (free <= 0 || this.stopped) return;
    try {
      for (const job of await this.source.claim(free)) this.hold(job);
      this.blind = false;
    } catch (error) {
      if (!this.blind) this.source.onBlind(error);
      this.blind = true;
    }
  }

  private hold(job: Job): void {
    const work = this.source.perform(job).finally(() => {
      this.held.delete(work);
      this.wake();
    });
    this.held.add(work);
  }
}
