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
    // One more than the cores of a small machine, as some files mostly wait; a server that others set up may not take
    // the connections of so many.
    maxWorkers: process.env.DATABASE_URL ? 2 : 3,
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
