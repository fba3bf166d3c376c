import { describe, expect, it } from 'vitest';
import { lookUpLocale, withParents } from '../../../src/mail/locale.js';

const THERE = ['en', 'de', 'pt-BR', 'zh-Hant'];

describe('lookUpLocale', () => {
  it.each([
    ['de', 'de'],
    ['DE-at', 'de'],
    ['pt-br', 'pt-BR'],
    ['fr, de;q=0.8, en;q=0.9', 'en'],
    ['fr-CH, fr;q=0.9, de;q=0.7, *;q=0.5', 'de'],
    ['zh-Hant-TW', 'zh-Hant'],
    ['de-a-value', 'de'],
    ['de;q=0, en', 'en'],
    [' de ; q=1.000 ', 'de'],
  ])('%j is answered by %j', (wanted, found) => {
    expect(lookUpLocale(wanted, THERE)).toBe(found);
  });

  it.each([
    undefined,
    null,
    '',
    '*',
    'fr',
    'pt',
    'zh',
    'de_DE',
    'de;q=2',
    'de;q=-1',
    '../de',
    'en\u0000',
    `de${'-x'.repeat(400)}`,
  ])('%j is answered by none', (wanted) => {
    expect(lookUpLocale(wanted, THERE)).toBeNull();
  });

  it('INJ-18: decides about 100 kB of near-matches within 20 ms', () => {
    const near = ['a-'.repeat(50_000), 'de;q='.repeat(20_000), 'de,'.repeat(33_000), 'de;'.padEnd(100_000)];
    for (const wanted of [...near, ...near.map((text) => text.slice(0, 500))]) {
      const start = performance.now();
      lookUpLocale(wanted, THERE);
      expect(performance.now() - start).toBeLessThan(20);
    }
  });
});

describe('withParents', () => {
  it('cuts subtags from the end, and never after a singleton', () => {
    expect(withParents('zh-Hant-CN-x-private1-private2')).toEqual([
      'zh-Hant-CN-x-private1-private2',
      'zh-Hant-CN-x-private1',
      'zh-Hant-CN',
      'zh-Hant',
      'zh',
    ]);
  });
});
