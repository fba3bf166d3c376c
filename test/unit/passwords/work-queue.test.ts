import { describe, expect, it, vi } from 'vitest';
import { Overloaded } from '../../../src/common/common.errors.js';
import { WorkQueue } from '../../../src/passwords/work-queue.js';
import { eventually } from '../../support/eventually.js';

/** A job that ends when it is told to. */
function openJob<T>(value?: T) {
  let finish!: (value: T) => void;
  let fail!: (error: Error) => void;
  const done = new Promise<T>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const job = vi.fn(() => done);
  return { job, finish: () => finish(value as T), fail };
}

describe('WorkQueue', () => {
  it('runs at most as many jobs at once as it may', async () => {
    const queue = new WorkQueue(2, 10, 1_000);
    const jobs = [openJob(1), openJob(2), openJob(3)];
    const results = jobs.map(({ job }) => queue.run(job));
    await eventually(() => expect(jobs[1]?.job).toHaveBeenCalled());
    expect(jobs[2]?.job).not.toHaveBeenCalled();
    jobs[0]?.finish();
    await eventually(() => expect(jobs[2]?.job).toHaveBeenCalled());
    jobs.forEach(({ finish }) => finish());
    expect(await Promise.all(results)).toEqual([1, 2, 3]);
  });

  it('starts those that wait in the order in which they came', async () => {
    const queue = new WorkQueue(1, 10, 1_000);
    const order: number[] = [];
    await Promise.all([1, 2, 3, 4].map((number) => queue.run(async () => order.push(number))));
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('refuses at once when too many wait already', async () => {
    const queue = new WorkQueue(1, 1, 1_000);
    const [first, second, third] = [openJob(), openJob(), openJob()];
    const results = [queue.run(first.job), queue.run(second.job)];
    await expect(queue.run(third.job)).rejects.toBeInstanceOf(Overloaded);
    expect(third.job).not.toHaveBeenCalled();
    first.finish();
    second.finish();
    await Promise.all(results);
  });

  it('refuses whoever waits too long, and never starts that job', async () => {
    const queue = new WorkQueue(1, 5, 30);
    const [first, late, next] = [openJob(), openJob(), openJob('next')];
    const running = queue.run(first.job);
    await expect(queue.run(late.job)).rejects.toBeInstanceOf(Overloaded);
    first.finish();
    await running;
    next.finish();
    expect(await queue.run(next.job)).toBe('next');
    expect(late.job).not.toHaveBeenCalled();
  });

  it('gives the place of a failed job on', async () => {
    const queue = new WorkQueue(1, 5, 1_000);
    const first = openJob();
    const failing = queue.run(first.job);
    const waiting = queue.run(async () => 'done');
    first.fail(new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    expect(await waiting).toBe('done');
    expect(await queue.run(async () => 'again')).toBe('again');
  });
});
