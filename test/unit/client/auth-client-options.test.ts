import { describe, expect, it } from 'vitest';
import { type AuthClientOptions, checkOptions } from '../../../src/client/auth-client.options.js';
import { ConfigurationError } from '../../../src/config/load-config.js';

const GOOD: AuthClientOptions = { issuer: 'https://auth.test', clientId: 'id', clientSecret: 'secret' };

function problemsOf(options: object): readonly string[] {
  try {
    checkOptions(options as AuthClientOptions);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('the options of AuthClientModule', () => {
  it('have defaults for everything but issuer and credentials', () => {
    expect(checkOptions(GOOD)).toEqual({
      issuer: 'https://auth.test',
      clientId: 'id',
      clientSecret: 'secret',
      url: 'https://auth.test',
      audience: 'https://auth.test',
      leewaySeconds: 60,
      onSilence: 'closed',
      silenceSeconds: 10,
      cookieNames: [],
      confirmPasswordTtlMinutes: 15,
      maxTokenTtlMinutes: 1440,
      jwksCooldownSeconds: 30,
    });
  });

  it('keep the issuer as it is written, and ask at the URL without its slash', () => {
    expect(checkOptions({ ...GOOD, issuer: 'https://auth.test/' })).toMatchObject({
      issuer: 'https://auth.test/',
      url: 'https://auth.test',
    });
    expect(checkOptions({ ...GOOD, issuer: 'our house', url: 'http://auth:3000/base/' })).toMatchObject({
      issuer: 'our house',
      audience: 'our house',
      url: 'http://auth:3000/base',
    });
  });

  it('name everything that is wrong at once, and tell no secret', () => {
    const problems = problemsOf({
      issuer: '',
      clientSecret: 7,
      url: 'https://a:secret@auth.test',
      onSilence: 'maybe',
      silenceSeconds: 2,
    });
    expect(problems).toEqual([
      'AuthClientModule: issuer must be given: it is the PUBLIC_URL of the service, or its BEARER_TOKEN_ISSUER.',
      expect.stringContaining('clientId must be given'),
      expect.stringContaining('npm run clients -- create NAME --scope revocations:read'),
      expect.stringContaining('url must be a URL that starts with http:// or https://'),
      'AuthClientModule: onSilence must be closed or open.',
      'AuthClientModule: silenceSeconds must be a whole number from 3 to 3600.',
    ]);
    expect(problems.join()).not.toContain('a:secret');
  });

  it.each([
    [{ issuer: 'auth.test' }, /issuer must be a URL .*; or say with url where the service is reached/],
    [{ url: 'ftp://auth.test' }, /url must be a URL/],
    [{ url: 'https://auth.test?x=1' }, /url must be a URL/],
    [{ audience: '' }, /audience must be given/],
    [{ leewaySeconds: 301 }, /leewaySeconds must be a whole number from 0 to 300/],
    [{ leewaySeconds: 1.5 }, /leewaySeconds/],
    [{ silenceSeconds: '10' }, /silenceSeconds/],
    [{ silenceSeconds: 3601 }, /silenceSeconds/],
    [{ maxTokenTtlMinutes: 1441 }, /maxTokenTtlMinutes/],
    [{ confirmPasswordTtlMinutes: 0 }, /confirmPasswordTtlMinutes/],
    [{ jwksCooldownSeconds: 0 }, /jwksCooldownSeconds/],
    [{ cookieNames: ['a b'] }, /cookieNames must be a list of cookie names/],
    [{ cookieNames: 'session' }, /cookieNames/],
  ])('refuse %j', (change, problem) => {
    expect(problemsOf({ ...GOOD, ...change })).toEqual([expect.stringMatching(problem)]);
  });
});
