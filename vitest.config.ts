import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  // The examples import the package by its name; here that is its source.
  resolve: {
    alias: [
      { find: /^tokenhouse$/, replacement: source('index.ts') },
      { find: /^tokenhouse\/([\w-]+)$/, replacement: source('$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/sibling-service/**/*.test.ts'],
    // Suites of their own: npm run test:faults and test:browser.
    exclude: [...configDefaults.exclude, 'test/faults/**', 'test/browser/**'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // The cores of a small machine: what must happen promptly does, and a server that others set up has the connections.
    maxWorkers: 2,
    // The files of a worker share what they import, which takes longer than most of them.
    isolate: false,
    // Against what hangs: how long something takes is asserted where it matters.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
  },
});

function source(path: string): string {
  return new URL('./src/', import.meta.url).pathname + path;
}
