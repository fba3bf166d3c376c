import { Writable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogLines } from '../../src/app.log-lines.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';

const LINE = 'x'.repeat(1_023);

/** A log whose taker does not take, has no room, or both by turns. */
class Taker extends Writable {
  text = '';
  writes = 0;
  full = false;
  private stuck?: () => void;

  constructor(private isStuck = false) {
    super({ autoDestroy: false });
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.writes += 1;
    const take = (): void => {
      if (!this.full) this.text += chunk.toString();
      done(this.full ? new Error('ENOSPC: no space left on device') : undefined);
    };
    if (this.isStuck) this.stuck = take;
    else take();
  }

  takeAll(): void {
    this.isStuck = false;
    this.stuck?.();
  }
}

describe('lines of the log', () => {
  const told = new LogRecorder();
  beforeEach(() => Logger.overrideLogger(told));
  afterEach(() => {
    Logger.overrideLogger(false);
    told.clear();
  });

  it('those of one turn of the event loop are one write', async () => {
    const taker = new Taker();
    const lines = new LogLines(taker);
    lines.write('a');
    lines.write('b');
    await eventually(() => expect(taker.text).toBe('a\nb\n'));
    expect(taker.writes).toBe(1);
  });

  it('RES-16: nobody takes them: few are kept, the others counted', async () => {
    const taker = new Taker(true);
    const lines = new LogLines(taker);
    for (let turn = 0; turn < 100; turn += 1) {
      for (let line = 0; line < 200; line += 1) lines.write(LINE);
      lines.flush();
    }
    expect(taker.writableLength).toBeLessThan(5 * 2 ** 20);
    taker.takeAll();
    await eventually(() => expect(taker.writableLength).toBe(0));
    const taken = taker.text.length / (LINE.length + 1);
    await eventually(() => expect(told.text).toContain(`${20_000 - taken} lines of this log were lost`));
  });

  it('RES-16: there is no room for them: nothing is thrown', async () => {
    const taker = new Taker();
    taker.full = true;
    const lines = new LogLines(taker);
    lines.surviveFailures();
    lines.write('lost');
    lines.flush();
    await eventually(() => expect(taker.errored).not.toBeNull());
    expect(told.lines).toEqual([]);
  });
});
