import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type Budget, BUDGETS, REFRESH_BUDGET } from '../../../src/limits/budgets.js';

const ROW = /^\| `([a-z-]+)` \| (.+?) \| (.+?) \| (\d+) \| (.+?) \| (.+?) \|$/gm;
const SPANS = {
  'a minute': 60,
  'an hour': 3600,
  'a day': 86_400,
  '30 days': 30 * 86_400,
  'a year': 365 * 86_400,
};

it('docs/limits.md has every budget of the code, with its numbers, and no other', async () => {
  const rows = [...(await readFile('docs/limits.md', 'utf8')).matchAll(ROW)].map(
    ([, name, counts, per, points, span, then = '']) => ({
      name,
      counts,
      per,
      points: Number(points),
      seconds: SPANS[span as keyof typeof SPANS],
      ...(then.includes('`account_locked`') && { locks: true }),
      ...(then.includes('for a year') && { lockSeconds: SPANS['a year'] }),
    }),
  );
  const budgets: [string, Budget][] = [...Object.entries(BUDGETS), ['refresh', REFRESH_BUDGET]];
  expect(rows).toEqual(budgets.map(([name, budget]) => ({ name, ...budget })));
});
