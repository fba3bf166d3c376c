/** Runs of one piece of work, never two at once: a call gets a run that begins after it, shared with all who wait for it. */
export class SharedRun<T> {
  private running: Promise<unknown> = Promise.resolve();
  private next?: Promise<T>;

  /** @param work must not throw */
  constructor(private readonly work: () => Promise<T>) {}

  /** What the next run gives. */
  again(): Promise<T> {
    this.next ??= this.running.then(() => {
      this.next = undefined;
      const run = this.work();
      this.running = run;
      return run;
    });
    return this.next;
  }

  /** When nothing runs any more, and nothing waits to. */
  async settled(): Promise<void> {
    await this.next;
    await this.running;
  }
}
