import { createHash } from 'node:crypto';
import { inject } from 'vitest';

/** Choices that the seed of the run decides; each `name` has a row of its own (mulberry32). */
export class Random {
  private state: number;

  constructor(name: string) {
    this.state = createHash('sha256')
      .update(`${inject('seed')} ${name}`)
      .digest()
      .readUInt32LE();
  }

  /** From 0 to less than 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)] as T;
  }
}
