import type { Writable } from 'node:stream';
import { Logger } from '@nestjs/common';

/** What waits for whoever takes the log: some ten thousand lines. */
const MAX_WAITING_BYTES = 4 * 2 ** 20;

/**
 * Where lines of the log go. A log that is not taken, because its volume is full, its reader stuck or gone, neither ends
 * the service nor fills its memory: lines are then lost, and that they were is told once there is room again (RES-16).
 */
export class LogLines {
  private lines = '';
  private count = 0;
  private lost = 0;

  constructor(private readonly stream: Writable) {}

  /** From now on, that it cannot be written is no error of the process. */
  surviveFailures(): void {
    this.stream.on('error', () => {});
  }

  /** Those of one turn of the event loop are one write: a busy service has many. */
  write(line: string): void {
    if (this.count === 0) setImmediate(() => this.flush());
    this.lines += `${line}\n`;
    this.count += 1;
  }

  /** Writes now what waits. */
  flush(): void {
    const { lines, count } = this;
    if (count === 0 || this.loses(count)) return this.forget();
    this.forget();
    this.stream.write(lines, (error) => {
      if (error) this.lost += count;
      else if (this.lost > 0) this.tell();
    });
  }

  /** Whether there is no room for so many more lines; they count as lost then. */
  loses(count: number): boolean {
    const isFull = this.stream.writableLength > MAX_WAITING_BYTES;
    if (isFull) this.lost += count;
    return isFull;
  }

  private forget(): void {
    this.lines = '';
    this.count = 0;
  }

  private tell(): void {
    const { lost } = this;
    this.lost = 0;
    Logger.warn(`${lost} lines of this log were lost, because nobody took them.`, 'Log');
  }
}

export const standardOutput = new LogLines(process.stdout);
export const standardError = new LogLines(process.stderr);

process.on('exit', () => standardOutput.flush());
