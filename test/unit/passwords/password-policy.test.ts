import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../../src/config/app-config.js';
import { loadConfig } from '../../../src/config/load-config.js';
import type { BreachCheck } from '../../../src/passwords/breach-check.js';
import { PasswordPolicy } from '../../../src/passwords/password-policy.js';
import { WeakPassword } from '../../../src/passwords/passwords.errors.js';

const OWNER = {
  email: 'ada.lovelace@engines.example',
  username: 'countess1815',
  firstName: 'Augusta',
  lastName: 'Byron-King',
};

const STRICT = {
  PASSWORD_MIN_LENGTH: '10',
  PASSWORD_REQUIRE_MIXED_CASE: 'true',
  PASSWORD_REQUIRE_NUMBER: 'true',
  PASSWORD_REQUIRE_SYMBOL: 'true',
};

function configOf(environment: Record<string, string> = {}): AppConfig {
  return loadConfig({
    APP_KEY: randomBytes(32).toString('base64'),
    PUBLIC_URL: 'https://login.acme.example',
    ...environment,
  });
}

function policyOf(environment?: Record<string, string>): PasswordPolicy {
  // What breaches know is asked elsewhere (breach-check.test.ts).
  const nobody = { isCompromised: () => Promise.resolve(false) } as unknown as BreachCheck;
  return new PasswordPolicy(configOf(environment), nobody);
}

/** The codes of the broken rules, in order. */
async function brokenRules(password: string, environment?: Record<string, string>): Promise<string[]> {
  return rulesBrokenBy(policyOf(environment), password);
}

async function rulesBrokenBy(policy: PasswordPolicy, password: string): Promise<string[]> {
  try {
    await policy.assert(password, OWNER, 'password');
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(WeakPassword);
    return (error as WeakPassword).errors?.map(({ code }) => code) ?? [];
  }
}

describe('PasswordPolicy', () => {
  it.each([
    ['8 characters (PWD-05)', 'kM7qzvRw'],
    ['8 emoji, 32 bytes (PWD-05)', '🦑🐙🦀🦞🦐🐚🐠🐡'],
    [
      '8 letters with combining marks that compose (PWD-05)',
      'e\u0301a\u0300o\u0302u\u0308n\u0303c\u0327i\u0308y\u0301',
    ],
    ['nothing but blanks inside', 'q   z   w'],
    ['a sentence with one own word', 'augusta wrote the first program'],
    ['a common word in a sentence', 'my password is a sentence'],
  ])('accepts %s', async (_, password) => {
    expect(await brokenRules(password)).toEqual([]);
  });

  it.each([
    ['7 characters (PWD-05)', 'kM7qzvR', ['too_short']],
    ['7 emoji, 28 bytes (PWD-05)', '🦑🐙🦀🦞🦐🐚🐠', ['too_short']],
    [
      'combining marks that compose to 7 (PWD-05)',
      'e\u0301a\u0300o\u0302u\u0308n\u0303c\u0327i\u0308',
      ['too_short'],
    ],
    ['nothing', '', ['too_short']],
    ['a common password (PWD-06)', 'password1', ['too_common']],
    ['the same in capitals (PWD-06)', 'PASSWORD1', ['too_common']],
    ['the same with digits after it (PWD-06)', 'password2026', ['too_common']],
    ['the address (PWD-06)', 'ada.lovelace@engines.example', ['too_personal']],
    ['the local part (PWD-06)', 'Ada.Lovelace', ['too_personal']],
    ['the username and a year (PWD-06)', 'countess1815!', ['too_personal']],
    ['the names (PWD-06)', 'AugustaByron-King', ['too_personal']],
    ['the product (PWD-06)', 'Tokenhouse1', ['too_personal']],
    ['the host (PWD-06)', 'login.acme.example', ['too_personal']],
  ])('refuses %s', async (_, password, rules) => {
    expect(await brokenRules(password)).toEqual(rules);
  });

  it('PWD-06: lists every broken rule', async () => {
    expect(await brokenRules('abc', STRICT)).toEqual([
      'too_short',
      'needs_mixed_case',
      'needs_number',
      'needs_symbol',
    ]);
    expect(await brokenRules('password', STRICT)).toEqual([
      'too_short',
      'too_common',
      'needs_mixed_case',
      'needs_number',
      'needs_symbol',
    ]);
  });

  it('counts letters and numbers of any script for the composition rules', async () => {
    expect(await brokenRules('Страница ٤٢ готова', STRICT)).toEqual(['needs_symbol']);
    expect(await brokenRules('Страница-٤٢-готова', STRICT)).toEqual([]);
  });

  it('PWD-06: refuses at least 3000 listed passwords that are long enough', async () => {
    const { dictionary } = await import('@zxcvbn-ts/language-common');
    const long = dictionary['passwords-common'].map(String).filter((word) => [...word].length >= 8);
    expect(long.length).toBeGreaterThanOrEqual(3000);
    const policy = policyOf();
    const rules = await Promise.all(long.map((word) => rulesBrokenBy(policy, word)));
    expect(long.filter((_, index) => !rules[index]?.includes('too_common'))).toEqual([]);
  });

  it('PWD-06: never repeats the password', async () => {
    const policy = policyOf();
    try {
      await policy.assert('countess1815!', OWNER, 'newPassword');
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain('countess1815');
      expect((error as WeakPassword).errors).toMatchObject([{ field: 'newPassword', code: 'too_personal' }]);
    }
  });
});
