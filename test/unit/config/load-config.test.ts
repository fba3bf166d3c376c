import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/config/environment.js';
import { ConfigurationError, loadConfig } from '../../../src/config/load-config.js';

const APP_KEY = randomBytes(32).toString('base64');
const PRODUCTION = { NODE_ENV: 'production', APP_KEY, PUBLIC_URL: 'https://auth.example.com' };

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tokenhouse-config-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** The problems that stop the boot; none when it goes on. */
function problemsOf(environment: Environment): readonly string[] {
  try {
    loadConfig({ DATA_DIR: dataDir, ...environment });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('RES-21: the boot is refused', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  it.each<[string, Environment, RegExp]>([
    ['a missing APP_KEY in production', { ...PRODUCTION, APP_KEY: undefined }, /^APP_KEY is missing/],
    ['an empty APP_KEY in production', { ...PRODUCTION, APP_KEY: '' }, /^APP_KEY is missing/],
    ['a short APP_KEY', { APP_KEY: randomBytes(31).toString('base64') }, /^APP_KEY must be 32 random/],
    ['an APP_KEY that is no base64', { APP_KEY: 'not base64, but long enough for a key!' }, /^APP_KEY must/],
    ['an APP_KEY of zeros', { APP_KEY: Buffer.alloc(32).toString('base64') }, /^APP_KEY must/],
    ['an APP_KEY of words', { APP_KEY: base64('this is a sentence and not random at all') }, /^APP_KEY must/],
    [
      'an APP_KEY that asks to be changed',
      { APP_KEY: `changeme${'c29tZXRoaW5n'.repeat(4)}` },
      /^APP_KEY must/,
    ],
    [
      'a sample secret',
      { BEARER_TOKEN_KEY: 'your-256-bit-secret-goes-here-ok' },
      /^BEARER_TOKEN_KEY .* sample/,
    ],
    ['a short secret', { BEARER_TOKEN_KEY: 'kX9-vQ2' }, /^BEARER_TOKEN_KEY/],
    ['a sample secret of Auth.js', { ...PRODUCTION, AUTHJS_SECRET: 'changeme' }, /^AUTHJS_SECRET .* sample/],
    [
      'a plain-http PUBLIC_URL',
      { ...PRODUCTION, PUBLIC_URL: 'http://auth.example.com' },
      /^PUBLIC_URL .* https/,
    ],
    ['a plain-http APP_URL', { ...PRODUCTION, APP_URL: 'http://app.example.com' }, /^APP_URL .* https/],
    [
      'a plain-http PASSWORD_BREACH_URL, also outside production',
      { PASSWORD_BREACH_URL: 'http://breaches.example.com/range' },
      /^PASSWORD_BREACH_URL must be https/,
    ],
    [
      'a PASSWORD_BREACH_URL with a query',
      { PASSWORD_BREACH_URL: 'https://breaches.example.com/range?key=1' },
      /^PASSWORD_BREACH_URL .* query/,
    ],
    ['a PUBLIC_URL of another kind', { PUBLIC_URL: 'ftp://auth.example.com' }, /^PUBLIC_URL must be a URL/],
    [
      'a PUBLIC_URL with credentials',
      { PUBLIC_URL: 'https://me:pw@auth.example.com' },
      /^PUBLIC_URL .* cred/,
    ],
    ['a PUBLIC_URL with a query', { PUBLIC_URL: 'https://auth.example.com/?a=b' }, /^PUBLIC_URL .* query/],
    ['CORS for everybody', { CORS_ORIGINS: '*' }, /^CORS_ORIGINS must be exact/],
    ['CORS for null', { CORS_ORIGINS: 'https://app.example.com,null' }, /^CORS_ORIGINS must be exact/],
    ['CORS for subdomains', { CORS_ORIGINS: 'https://*.example.com' }, /^CORS_ORIGINS must be exact/],
    ['CORS for a path', { CORS_ORIGINS: 'https://app.example.com/' }, /^CORS_ORIGINS must be exact/],
    ['trust in everybody', { TRUSTED_PROXIES: '0.0.0.0/0' }, /^TRUSTED_PROXIES/],
    ['trust in everybody, IPv6', { TRUSTED_PROXIES: '::/0' }, /^TRUSTED_PROXIES/],
    ['no limits in production', { ...PRODUCTION, RATE_LIMIT: 'off' }, /^RATE_LIMIT cannot be off/],
    ['a lifetime of nothing', { BEARER_TOKEN_TTL: '0' }, /^BEARER_TOKEN_TTL must .* 1 to 1440/],
    ['a lifetime with a unit', { BEARER_TOKEN_TTL: '60m' }, /^BEARER_TOKEN_TTL must/],
    ['a lifetime in hexadecimal', { BEARER_TOKEN_TTL: '0x10' }, /^BEARER_TOKEN_TTL must/],
    ['a leeway over 5 minutes', { BEARER_TOKEN_LEEWAY: '301' }, /^BEARER_TOKEN_LEEWAY must .* 0 to 300/],
    ['a negative leeway', { BEARER_TOKEN_LEEWAY: '-1' }, /^BEARER_TOKEN_LEEWAY/],
    ['an unknown algorithm', { BEARER_TOKEN_ALGORITHM: 'HS1' }, /^BEARER_TOKEN_ALGORITHM must be one of/],
    ['no algorithm at all', { BEARER_TOKEN_ALGORITHM: 'none' }, /^BEARER_TOKEN_ALGORITHM must be one of/],
    ['a word that is no choice', { REGISTRATION: 'Open' }, /^REGISTRATION must be one of open/],
    ['a truth value that is none', { SOFT_DELETE: 'yes' }, /^SOFT_DELETE must be one of true, false/],
    ['another kind of database', { DATABASE_URL: 'mysql://db.example.com/x' }, /^DATABASE_URL must be a URL/],
    ['a mail sender of two lines', { MAIL_FROM: 'a@example.com\nBcc: b@example.com' }, /^MAIL_FROM/],
    ['templates that are nowhere', { MAIL_TEMPLATES: '/nowhere' }, /^MAIL_TEMPLATES must be a folder/],
    ['a language that is none', { MAIL_LOCALE: 'de_DE' }, /^MAIL_LOCALE must be a language tag/],
    [
      'a target that is no web page',
      { REDIRECT_URLS: 'javascript:alert(1)' },
      /^REDIRECT_URLS must be a URL/,
    ],
    ['a cookie name with a blank', { TOKEN_COOKIE_NAMES: 'auth token' }, /^TOKEN_COOKIE_NAMES/],
  ])('%s', (_, environment, problem) => {
    expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)]);
  });

  it('LOG-10: with all problems in one message, and none of the values', () => {
    const environment = {
      NODE_ENV: 'production',
      PUBLIC_URL: 'http://u:p-one@canary.example.com',
      CORS_ORIGINS: 'canary-two',
      DATABASE_URL: 'canary-three',
      BEARER_TOKEN_KEY: 'canary-4',
      SESSION_TTL: 'canary-five',
      REFRESH_POLICY: 'canary-six',
      MAIL_FROM: 'canary-seven',
      APP_KEY_FILE: '/canary-eight',
      AUTHJS_SECRET: 'changeme-canary-nine',
    };
    let message = '';
    try {
      loadConfig(environment);
    } catch (error) {
      message = (error as Error).message;
    }
    for (const name of Object.keys(environment).slice(1)) expect(message).toContain(`- ${name}`);
    expect(message).not.toMatch(/canary|p-one/);
  });
});

describe('the configuration', () => {
  it('takes plain http on localhost, also in production', () => {
    for (const PUBLIC_URL of ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000']) {
      expect(problemsOf({ ...PRODUCTION, PUBLIC_URL })).toEqual([]);
    }
    expect(problemsOf({ ...PRODUCTION, PUBLIC_URL: 'http://localhost.example.com' })).toHaveLength(1);
  });

  it('lifts the limits outside production', () => {
    expect(loadConfig({ APP_KEY, RATE_LIMIT: 'off' }).rateLimit).toBe(false);
  });

  it('takes PUBLIC_URL for issuer, audience and links, without the slash at its end', () => {
    const { http, bearerToken, links } = loadConfig({
      ...PRODUCTION,
      PUBLIC_URL: 'https://example.com/auth/',
    });
    expect([http.publicUrl, bearerToken.issuer, bearerToken.audience, links.appUrl]).toEqual(
      Array(4).fill('https://example.com/auth'),
    );
  });

  it('takes an empty value for none', () => {
    expect(loadConfig({ APP_KEY, PORT: '', CORS_ORIGINS: '', DATABASE_URL: '' })).toEqual(
      loadConfig({ APP_KEY }),
    );
  });

  it('cannot be changed', () => {
    const config = loadConfig({ APP_KEY, CORS_ORIGINS: 'https://app.example.com' });
    expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
    expect(() => (config.http.corsOrigins as string[]).push('*')).toThrow(TypeError);
  });
});

describe('the pages that may use passkeys', () => {
  const APP_URL = 'https://app.example.com/start';

  it('are those of APP_URL, unless said', () => {
    expect(loadConfig({ APP_KEY, APP_URL }).passkeys).toEqual({
      rpId: 'app.example.com',
      rpName: 'app.example.com',
      origins: ['https://app.example.com'],
    });
  });

  it('may be several, on one domain or below it', () => {
    const { passkeys } = loadConfig({
      APP_KEY,
      APP_URL,
      PASSKEY_RP_ID: 'example.com',
      PASSKEY_RP_NAME: 'Ada & Söhne',
      PASSKEY_ORIGINS: `https://example.com, https://app.example.com:8443,android:apk-key-hash:${'a'.repeat(43)}`,
    });
    expect(passkeys.rpName).toBe('Ada & Söhne');
    expect(passkeys.origins).toHaveLength(3);
  });

  it('may be plain http on localhost', () => {
    for (const [PASSKEY_RP_ID, PASSKEY_ORIGINS] of [
      ['localhost', 'http://localhost:3000,http://localhost:3001'],
      ['example.localhost', 'http://example.localhost:3000,http://admin.example.localhost:3001'],
    ]) {
      expect(problemsOf({ APP_KEY, PASSKEY_RP_ID, PASSKEY_ORIGINS })).toEqual([]);
    }
  });

  it('do not keep the service from starting where nobody has asked for passkeys', () => {
    for (const url of ['http://127.0.0.1:3000', 'http://192.168.1.7:3000', 'http://intranet:8080']) {
      expect(problemsOf({ APP_KEY, APP_URL: url })).toEqual([]);
    }
  });

  it.each<[string, Environment, RegExp]>([
    ['an address', { PASSKEY_RP_ID: '127.0.0.1' }, /^PASSKEY_RP_ID must be a domain/],
    ['a whole top-level domain', { PASSKEY_RP_ID: 'com' }, /^PASSKEY_RP_ID must be a domain/],
    ['a URL', { PASSKEY_RP_ID: 'https://example.com' }, /^PASSKEY_RP_ID must be a domain/],
    ['capitals', { PASSKEY_RP_ID: 'Example.com' }, /^PASSKEY_RP_ID must be a domain/],
    [
      'an id that is not above APP_URL',
      { PASSKEY_RP_ID: 'example.org' },
      /^PASSKEY_ORIGINS must have the host/,
    ],
    ['a name that only ends alike', { PASSKEY_RP_ID: 'ple.com' }, /^PASSKEY_ORIGINS must have the host/],
    [
      'a page below localhost itself',
      { PASSKEY_RP_ID: 'localhost', PASSKEY_ORIGINS: 'http://admin.localhost:3000' },
      /^PASSKEY_ORIGINS must have the host/,
    ],
    ['a page elsewhere', { PASSKEY_ORIGINS: 'https://evil.example' }, /^PASSKEY_ORIGINS must have the host/],
    ['plain http', { PASSKEY_ORIGINS: 'http://app.example.com' }, /^PASSKEY_ORIGINS must be https/],
    ['a path', { PASSKEY_ORIGINS: 'https://app.example.com/x' }, /^PASSKEY_ORIGINS must be exact/],
    ['an asterisk', { PASSKEY_ORIGINS: 'https://*.app.example.com' }, /^PASSKEY_ORIGINS must be exact/],
    ['another application', { PASSKEY_ORIGINS: 'ios:bundle-id:com.example' }, /^PASSKEY_ORIGINS must be/],
    ['a name of two lines', { PASSKEY_RP_NAME: 'Ada\nEve' }, /^PASSKEY_RP_NAME must be/],
    ['a name without end', { PASSKEY_RP_NAME: 'x'.repeat(65) }, /^PASSKEY_RP_NAME must be/],
  ])('cannot be given by %s', (_what, environment, problem) => {
    expect(problemsOf({ APP_KEY, APP_URL, ...environment })).toEqual([expect.stringMatching(problem)]);
  });
});

describe('NAME_FILE', () => {
  it('gives the contents of the file, without one final line break', () => {
    const file = join(dataDir, 'from');
    writeFileSync(file, 'Ada <ada@example.com>\r\n');
    expect(loadConfig({ APP_KEY, MAIL_FROM_FILE: file }).mail.from).toBe('Ada <ada@example.com>');
  });

  it('works for numbers and choices, and for the key', () => {
    const file = (name: string, text: string) => {
      writeFileSync(join(dataDir, name), text);
      return join(dataDir, name);
    };
    const config = loadConfig({
      NODE_ENV: 'production',
      APP_KEY_FILE: file('key', `${APP_KEY}\n`),
      PORT_FILE: file('port', '8080'),
      REGISTRATION_FILE: file('registration', 'verified\n'),
    });
    expect(config.appKey.toString('base64')).toBe(APP_KEY);
    expect([config.http.port, config.users.registration]).toEqual([8080, 'verified']);
  });

  it('is refused beside NAME', () => {
    expect(problemsOf({ APP_KEY, APP_KEY_FILE: '/run/secrets/key', NODE_ENV: 'production' })).toContain(
      'APP_KEY is set both directly and by APP_KEY_FILE.',
    );
  });

  it('is refused when the file cannot be read', () => {
    const problem = 'SMTP_URL_FILE points at a file that cannot be read (ENOENT).';
    expect(problemsOf({ SMTP_URL_FILE: join(dataDir, 'missing') })).toEqual([problem]);
    expect(problemsOf({ SMTP_URL_FILE: dataDir })).toEqual([problem.replace('ENOENT', 'EISDIR')]);
  });

  it('is refused when the file is empty and production needs it', () => {
    writeFileSync(join(dataDir, 'key'), '\n');
    const problems = problemsOf({ NODE_ENV: 'production', APP_KEY_FILE: join(dataDir, 'key') });
    expect(problems).toEqual([expect.stringMatching(/^APP_KEY is missing/)]);
  });
});

describe('APP_KEY outside production', () => {
  it('is made once, readable by its owner only, and kept', () => {
    const DATA_DIR = join(dataDir, 'made');
    const first = loadConfig({ DATA_DIR });
    const file = join(DATA_DIR, 'app.key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(first.appKey).toHaveLength(32);
    expect(readFileSync(file, 'utf8').trim()).toBe(first.appKey.toString('base64'));
    expect(loadConfig({ DATA_DIR }).appKey).toEqual(first.appKey);
    expect(loadConfig({ DATA_DIR: join(dataDir, 'other') }).appKey).not.toEqual(first.appKey);
  });

  it('is not made over a file that holds something else', () => {
    writeFileSync(join(dataDir, 'app.key'), 'mine\n');
    expect(problemsOf({})).toEqual([expect.stringMatching(/^APP_KEY \(in .*app\.key\) must/)]);
    expect(readFileSync(join(dataDir, 'app.key'), 'utf8')).toBe('mine\n');
  });

  it('is a problem, not a crash, where the data folder cannot be', () => {
    writeFileSync(join(dataDir, 'file'), '');
    expect(problemsOf({ DATA_DIR: join(dataDir, 'file') })).toEqual([
      expect.stringMatching(/^DATA_DIR cannot/),
    ]);
  });
});
