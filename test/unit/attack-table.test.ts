import { describe, expect, it } from 'vitest';
import { CASES, testsById } from '../catalogue/attack-table.js';
import { PAGE, pageWithTable } from '../catalogue/security-page.js';

describe('the catalogue of attacks', () => {
  it('has a test for every case of what exists', () => {
    const tests = testsById();
    const open = Object.entries(CASES).filter(([id, { later }]) => later === undefined && !tests.has(id));
    expect(open.map(([id, { what }]) => `${id} ${what}`)).toEqual([]);
  });

  it('knows every case that a test names', () => {
    expect([...testsById().keys()].filter((id) => !(id in CASES))).toEqual([]);
  });

  it('puts off nothing that is tested', () => {
    const tests = testsById();
    const tested = Object.entries(CASES).filter(([id, { later }]) => later !== undefined && tests.has(id));
    expect(tested.map(([id]) => id)).toEqual([]);
  });

  it('is in docs/security.md as the tests are now; else run `npm run attacks`', async () => {
    await expect(pageWithTable()).toMatchFileSnapshot(PAGE);
  });
});
