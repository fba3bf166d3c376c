import { describe, expect, it } from 'vitest';
import { linkUrl, requireAllowedRedirect } from '../../../src/links/link-url.js';
import { RedirectNotAllowed } from '../../../src/links/links.errors.js';

const ALLOWED = 'https://app.example/welcome?lang=en';
const config = {
  links: {
    appUrl: 'https://app.example/base',
    redirectUrls: [ALLOWED, 'https://app.example/#/reset'],
    verifyTtlMinutes: 60,
    resetTtlMinutes: 60,
  },
};

describe('linkUrl', () => {
  it('RST-01: starts with APP_URL', () => {
    expect(linkUrl(config, 'reset-password', 'a_b-c').href).toBe(
      'https://app.example/base/reset-password?token=a_b-c',
    );
  });

  it('takes an exact entry of REDIRECT_URLS, and keeps its query and fragment', () => {
    expect(linkUrl(config, 'verify-email', 't', ALLOWED).href).toBe(`${ALLOWED}&token=t`);
    const fragment = linkUrl(config, 'verify-email', 't', 'https://app.example/#/reset');
    expect(fragment.href).toBe('https://app.example/?token=t#/reset');
  });

  it.each(['https://evil.test', null, undefined, `${ALLOWED}/`])('falls back to APP_URL for %s', (target) => {
    expect(linkUrl(config, 'verify-email', 't', target).href).toBe(
      'https://app.example/base/verify-email?token=t',
    );
  });
});

describe('requireAllowedRedirect', () => {
  it.each([ALLOWED, undefined, null])('lets %s pass', (target) => {
    expect(() => requireAllowedRedirect(config, target)).not.toThrow();
  });

  it.each([
    'https://app.example/welcome',
    'https://app.example/welcome?lang=en&x=1',
    'https://app.example/welcome?lang=en#',
    'HTTPS://app.example/welcome?lang=en',
    'https://APP.example/welcome?lang=en',
    'https://app.example@evil.test/welcome?lang=en',
    '//app.example/welcome?lang=en',
    '/\\app.example/welcome?lang=en',
    ' https://app.example/welcome?lang=en',
    'javascript:alert(1)',
    '',
  ])('RST-03: refuses %j', (target) => {
    expect(() => requireAllowedRedirect(config, target)).toThrow(RedirectNotAllowed);
  });

  it('answers 400 and names the field', () => {
    expect(new RedirectNotAllowed()).toMatchObject({
      status: 400,
      code: 'validation_failed',
      errors: [{ field: 'redirectTo' }],
    });
  });
});
