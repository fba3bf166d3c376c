import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The examples import the package by its name; here that is its source.
  resolve: {
    alias: [
      { find: /^tokenhouse$/, replacement: source('index.ts') },
      { find: /^tokenhouse\/(client|testing)$/, replacement: source('$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/sibling-service/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

function source(path: string): string {
  return new URL('./src/', import.meta.url).pathname + path;
}
