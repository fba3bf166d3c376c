import { describe, expect, it } from 'vitest';
import { isUsername } from '../../../src/users/username.js';

describe('isUsername', () => {
  it.each(['ad', 'Ada.Lovelace_1815-', 'x'.repeat(255), '42', 'administrate', 'my-admin'])(
    'accepts %s',
    (name) => {
      expect(isUsername(name)).toBe(true);
    },
  );

  it.each([
    ['one character', 'a'],
    ['256 characters', 'x'.repeat(256)],
    ['nothing', ''],
    ['an at-sign (UNI-10)', 'ada@example'],
    ['a full-width at-sign', 'ada\uFF20example'],
    ['a blank', 'ada lovelace'],
    ['a trailing line break', 'ada\n'],
    ['a Cyrillic admin (UNI-10)', 'аdmin'],
    ['a full-width admin (UNI-10)', 'ａｄｍｉｎ'],
    ['an accent', 'adà'],
    ['a zero-width joiner', 'ada\u200D'],
    ['a reserved name (UNI-10)', 'admin'],
    ['a reserved name in capitals (UNI-10)', 'ROOT'],
    ['a reserved name with something after it', 'admin_'],
    ['a reserved name with something before it', '_admin'],
    ['a reserved name with something inside', 'No-Reply'],
    ['a slash', 'a/b'],
    ['markup', '<b>ada</b>'],
  ])('refuses %s', (_, name) => {
    expect(isUsername(name)).toBe(false);
  });
});
