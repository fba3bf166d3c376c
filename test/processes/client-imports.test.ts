import { describe, expect, it } from 'vitest';
import { BuiltCommand } from '../support/command-process.js';

/** At the end of a process: the files of packages that it has loaded. */
const TELL = `
  import { createRequire } from 'node:module';
  const { cache } = createRequire('file:///');
  process.on('exit', () => console.log(Object.keys(cache).join('\\n')));`;

async function packagesLoadedBy(entry: string): Promise<Set<string>> {
  const built = await BuiltCommand.build(entry);
  const before = `--import=data:text/javascript;base64,${Buffer.from(TELL).toString('base64')}`;
  const { code, stdout, stderr } = await built.run([], { NODE_OPTIONS: before });
  await built.remove();
  expect([code, stderr]).toEqual([0, '']);
  return new Set(
    [...stdout.matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map(([, name = '']) => name),
  );
}

const DATABASE = ['typeorm', 'pg', 'pg-pool', '@redis/client'];

describe('what a service elsewhere loads', () => {
  it.each(['client/index', 'testing/index'])('is no database: %s', async (entry) => {
    const loaded = await packagesLoadedBy(entry);
    expect(loaded).toContain('jsonwebtoken');
    expect(DATABASE.filter((name) => loaded.has(name))).toEqual([]);
  });

  it('would be seen: the service itself loads one', async () => {
    const loaded = await packagesLoadedBy('index');
    expect(DATABASE.filter((name) => loaded.has(name))).toEqual(expect.arrayContaining(['typeorm', 'pg']));
  });
});
