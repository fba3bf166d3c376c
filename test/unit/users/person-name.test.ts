import { describe, expect, it } from 'vitest';
import { parsePersonName } from '../../../src/users/person-name.js';

describe('parsePersonName', () => {
  it.each([
    ['a name', 'Ada', 'Ada'],
    ['blanks around', '  Ada ', 'Ada'],
    ['blanks and punctuation inside', "Jean-Luc O'Neill, Jr.", "Jean-Luc O'Neill, Jr."],
    ['NFD, stored as NFC (UNI-04)', 'Ame\u0301lie', 'Am\u00e9lie'],
    ['other scripts', '李小龍', '李小龍'],
    ['a zero-width non-joiner, part of Persian names', 'علی\u200Cرضا', 'علی\u200Cرضا'],
    ['a zero-width joiner, part of emoji', '👩\u200D🔬', '👩\u200D🔬'],
    ['255 characters outside the BMP', '😀'.repeat(255), '😀'.repeat(255)],
    ['markup, which the letters escape', '<b>{{7*7}}</b>', '<b>{{7*7}}</b>'],
  ])('accepts %s', (_, written, stored) => {
    expect(parsePersonName(written)).toBe(stored);
  });

  it.each([
    ['256 characters', 'a'.repeat(256)],
    ['a line break (INJ-16)', 'Ada\r\nBcc: eve@example.com'],
    ['a tab', 'A\tda'],
    ['a NUL', 'A\0da'],
    ['a bidi override', 'Ada\u202Eecila'],
    ['a bidi isolate', '\u2066Ada\u2069'],
    ['a zero-width space', 'A\u200Bda'],
    ['a word joiner', 'A\u2060da'],
    ['a byte-order mark inside', 'A\uFEFFda'],
    ['a line separator', 'A\u2028da'],
    ['tag characters', 'Ada\u{E0041}'],
    ['C1 controls', 'Ada\u0085Eve'],
  ])('refuses %s', (_, written) => {
    expect(parsePersonName(written)).toBeNull();
  });
});
