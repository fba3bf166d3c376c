import { defineConfig } from 'vitest/config';
import { FaultTable } from './fault-table.js';

export default defineConfig({
  test: {
    include: ['test/faults/*.test.ts'],
    reporters: ['default', new FaultTable()],
    pool: 'forks',
    // Much of a fault is waiting.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
