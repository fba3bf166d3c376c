import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/config/environment.js';
import { loadConfig } from '../../../src/config/load-config.js';

const EXAMPLE = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
const SETTING = /^#(?=[A-Z][A-Z0-9_]*=)/gm;
const offered = parseEnv(EXAMPLE.replace(SETTING, '')) as Record<string, string>;
const dataDir = mkdtempSync(join(tmpdir(), 'tokenhouse-env-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** The names that the loader asks for. */
function namesRead(): string[] {
  const names = new Set<string>();
  const environment = new Proxy<Environment>(
    { DATA_DIR: dataDir },
    {
      get: (target, name) => {
        names.add(String(name));
        return Reflect.get(target, name) as unknown;
      },
    },
  );
  loadConfig(environment);
  return [...names];
}

describe('.env.example', () => {
  const read = namesRead();
  const variables = read.filter((name) => !name.endsWith('_FILE'));

  it('holds every variable that the loader reads, once, and no other', () => {
    const names = [...EXAMPLE.matchAll(/^#([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name);
    expect(names.toSorted()).toEqual(variables.toSorted());
  });

  it('says truly that each but NODE_ENV may also come from a file', () => {
    const fromFile = variables.filter((name) => read.includes(`${name}_FILE`));
    expect(variables.filter((name) => !fromFile.includes(name))).toEqual(['NODE_ENV']);
  });

  it('changes nothing as it is', () => {
    expect(parseEnv(EXAMPLE)).toEqual({});
  });

  it('states the defaults', () => {
    // Both with a key of their own, so that neither keeps one in ./data; no secret has a default to compare.
    const APP_KEY = readFileSync(join(dataDir, 'app.key'), 'utf8').trim();
    expect(loadConfig({ ...offered, APP_KEY })).toEqual(loadConfig({ APP_KEY }));
  });

  it('leaves without a value only what has no fixed default', () => {
    const empty = Object.keys(offered).filter((name) => offered[name] === '');
    expect(empty.toSorted()).toEqual([
      'APP_KEY',
      'APP_URL',
      'AUTHJS_SECRET',
      'BEARER_TOKEN_AUDIENCE',
      'BEARER_TOKEN_ISSUER',
      'BEARER_TOKEN_KEY',
      'CORS_ORIGINS',
      'DATABASE_URL',
      'MAIL_TEMPLATES',
      'NODE_ENV',
      'PASSKEY_ORIGINS',
      'PASSKEY_RP_ID',
      'PASSKEY_RP_NAME',
      'REDIRECT_URLS',
      'REDIS_URL',
      'SMTP_URL',
      'TOKEN_COOKIE_NAMES',
      'TRUSTED_PROXIES',
    ]);
  });
});
