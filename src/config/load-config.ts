import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { deepFreeze } from '../common/deep-freeze.js';
import { canonicalTag } from '../common/language-tag.js';
import { type AppConfig, JWT_ALGORITHMS, type JwtAlgorithm } from './app-config.js';
import { readAppKey } from './app-key-file.js';
import { parseBearerTokenKeys } from './keys/bearer-token-key.js';
import { type Environment, EnvironmentReader } from './environment.js';
import { isLocalhost, readCidrs, readOrigins } from './network-values.js';
import { readPasskeys } from './passkey-values.js';
import { secretTextProblem } from './secret-policy.js';

/** Boot stops with this; `problems` has one plain sentence for each thing that is wrong. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.name = 'ConfigurationError';
  }
}

const DAY = 1440;
const YEAR = 366 * DAY;

/**
 * Turns the environment into the one typed, frozen configuration.
 * @throws ConfigurationError with every problem at once
 */
export function loadConfig(environment: Environment): AppConfig {
  const env = new EnvironmentReader(environment);
  const production = environment.NODE_ENV === 'production';
  const http = readHttp(env, production);
  const links = readLinks(env, production, http.publicUrl);
  const dataDir = resolve(env.text('DATA_DIR') ?? './data');
  const config: AppConfig = {
    production,
    warnings: env.warnings,
    http,
    appKey: readAppKey(env, { production, dataDir }),
    database: { url: env.url('DATABASE_URL', ['postgres:', 'postgresql:']), dataDir },
    redisUrl: env.url('REDIS_URL', ['redis:', 'rediss:']),
    bearerToken: readBearerToken(env, http.publicUrl),
    sessions: readSessions(env),
    users: readUsers(env),
    passwords: readPasswords(env),
    passkeys: readPasskeys(env, links.appUrl),
    links,
    mail: readMail(env),
    activity: {
      retentionDays: env.integer('ACTIVITY_RETENTION_DAYS', { fallback: 365, min: 7, max: 36_500 }),
    },
    tokenAccess: { authjsSecrets: readAuthjsSecrets(env, production), cookieNames: readCookieNames(env) },
    rateLimit: readRateLimit(env, production),
  };
  if (env.problems.length > 0) throw new ConfigurationError(env.problems);
  return deepFreeze(config);
}

function readHttp(env: EnvironmentReader, production: boolean): AppConfig['http'] {
  const port = env.integer('PORT', { fallback: 3000, min: 1, max: 65_535 });
  const publicUrl = readWebUrl(env, 'PUBLIC_URL', production);
  if (production && publicUrl === undefined) {
    env.warning('PUBLIC_URL', 'is not set: tokens and links name localhost, and cookies are not Secure');
  }
  return {
    port,
    host: env.text('HOST') ?? '0.0.0.0',
    publicUrl: publicUrl ?? `http://localhost:${port}`,
    corsOrigins: readOrigins(env, 'CORS_ORIGINS'),
    trustedProxies: readCidrs(env, 'TRUSTED_PROXIES'),
    docs: env.oneOf('DOCS', ['on', 'off'], 'on') === 'on',
  };
}

function readBearerToken(env: EnvironmentReader, publicUrl: string): AppConfig['bearerToken'] {
  const name = env.text('BEARER_TOKEN_ALGORITHM');
  const wanted = JWT_ALGORITHMS.find((algorithm) => algorithm === name);
  if (name !== undefined && wanted === undefined) {
    env.problem('BEARER_TOKEN_ALGORITHM', `must be one of ${JWT_ALGORITHMS.join(', ')}`);
  }
  const { keys, problems, warnings } = parseBearerTokenKeys(env.text('BEARER_TOKEN_KEY'), wanted);
  env.problems.push(...problems);
  env.warnings.push(...warnings);
  const algorithm: JwtAlgorithm = keys[0]?.algorithm ?? wanted ?? 'ES256';
  return {
    algorithm,
    keys,
    ttlMinutes: env.integer('BEARER_TOKEN_TTL', { fallback: 60, min: 1, max: DAY }),
    leewaySeconds: env.integer('BEARER_TOKEN_LEEWAY', { fallback: 60, min: 0, max: 300 }),
    keyRotationDays: env.integer('KEY_ROTATION_DAYS', { fallback: 90, min: 0, max: 3650 }),
    issuer: env.text('BEARER_TOKEN_ISSUER') ?? publicUrl,
    audience: env.text('BEARER_TOKEN_AUDIENCE') ?? publicUrl,
  };
}

function readSessions(env: EnvironmentReader): AppConfig['sessions'] {
  return {
    ttlMinutes: env.integer('SESSION_TTL', { fallback: DAY, min: 1, max: YEAR }),
    rememberTtlMinutes: env.integer('SESSION_REMEMBER_TTL', { fallback: 30 * DAY, min: 1, max: YEAR }),
    idleTtlMinutes: env.integer('SESSION_IDLE_TTL', { fallback: 14 * DAY, min: 1, max: YEAR }),
    confirmPasswordTtlMinutes: env.integer('CONFIRM_PASSWORD_TTL', { fallback: 15, min: 1, max: DAY }),
    refreshPolicy: env.oneOf('REFRESH_POLICY', ['tolerant', 'strict'], 'tolerant'),
    blockConcurrent: env.boolean('BLOCK_CONCURRENT_SESSIONS', false),
    limit: env.integer('SESSION_LIMIT', { fallback: 0, min: 0, max: 10_000 }),
  };
}

function readUsers(env: EnvironmentReader): AppConfig['users'] {
  return {
    registration: env.oneOf('REGISTRATION', ['open', 'closed', 'verified'], 'open'),
    loginAttribute: env.oneOf('LOGIN_ATTRIBUTE', ['both', 'email', 'username'], 'both'),
    softDelete: env.boolean('SOFT_DELETE', true),
    twoFactor: env.oneOf('TWO_FACTOR', ['off', 'optional', 'required'], 'optional'),
  };
}

function readPasswords(env: EnvironmentReader): AppConfig['passwords'] {
  const poolThreads = env.integer('UV_THREADPOOL_SIZE', { fallback: 4, min: 1, max: 1024 });
  return {
    hashesAtOnce: Math.max(1, Math.min(poolThreads, availableParallelism()) - 1),
    minLength: env.integer('PASSWORD_MIN_LENGTH', { fallback: 8, min: 8, max: 128 }),
    requireMixedCase: env.boolean('PASSWORD_REQUIRE_MIXED_CASE', false),
    requireNumber: env.boolean('PASSWORD_REQUIRE_NUMBER', false),
    requireSymbol: env.boolean('PASSWORD_REQUIRE_SYMBOL', false),
    requireUncompromised: env.boolean('PASSWORD_REQUIRE_UNCOMPROMISED', false),
    breachUrl: readBreachUrl(env),
  };
}

/** Whoever could change an answer on its way could let any password pass. */
function readBreachUrl(env: EnvironmentReader): string {
  const url = readWebUrl(env, 'PASSWORD_BREACH_URL', false) ?? 'https://api.pwnedpasswords.com/range';
  if (url.startsWith('http:') && !isLocalhost(url)) env.problem('PASSWORD_BREACH_URL', 'must be https');
  return url;
}

function readLinks(env: EnvironmentReader, production: boolean, publicUrl: string): AppConfig['links'] {
  const redirectUrls = env.list('REDIRECT_URLS');
  for (const target of redirectUrls) env.url('REDIRECT_URLS', ['http:', 'https:'], target);
  return {
    appUrl: readWebUrl(env, 'APP_URL', production) ?? publicUrl,
    redirectUrls,
    verifyTtlMinutes: env.integer('VERIFY_TTL', { fallback: 60, min: 1, max: 7 * DAY }),
    resetTtlMinutes: env.integer('RESET_TTL', { fallback: 60, min: 1, max: DAY }),
  };
}

function readMail(env: EnvironmentReader): AppConfig['mail'] {
  const from = env.text('MAIL_FROM') ?? 'Tokenhouse <no-reply@localhost>';
  if (/[\r\n]/.test(from) || !from.includes('@')) env.problem('MAIL_FROM', 'must be one mail address');
  return {
    smtpUrl: env.url('SMTP_URL', ['smtp:', 'smtps:']),
    from,
    templatesDir: readFolder(env, 'MAIL_TEMPLATES'),
    locale: readLocale(env, 'MAIL_LOCALE'),
  };
}

/** An absolute path. */
function readFolder(env: EnvironmentReader, name: string): string | undefined {
  const text = env.text(name);
  if (text === undefined) return undefined;
  const folder = resolve(text);
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? folder : env.problem(name, 'must be a folder');
}

function readLocale(env: EnvironmentReader, name: string): string {
  const locale = canonicalTag(env.text(name) ?? 'en');
  if (locale === null) env.problem(name, 'must be a language tag such as en, de or pt-BR');
  return locale ?? 'en';
}

function readAuthjsSecrets(env: EnvironmentReader, production: boolean): string[] {
  const secrets = env.list('AUTHJS_SECRET');
  const problem = secrets.map(secretTextProblem).find((found) => found !== null);
  if (production && problem != null) env.problem('AUTHJS_SECRET', `${problem}; production needs a real one`);
  return secrets;
}

function readCookieNames(env: EnvironmentReader): string[] {
  const names = env.list('TOKEN_COOKIE_NAMES');
  const valid = names.every((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name));
  if (!valid) env.problem('TOKEN_COOKIE_NAMES', 'must be cookie names, separated by commas');
  return names;
}

function readRateLimit(env: EnvironmentReader, production: boolean): boolean {
  const on = env.oneOf('RATE_LIMIT', ['on', 'off'], 'on') === 'on';
  if (!on && production) env.problem('RATE_LIMIT', 'cannot be off in production');
  return on;
}

/** An http(s) base URL; in production https, save on localhost. */
function readWebUrl(env: EnvironmentReader, name: string, production: boolean): string | undefined {
  const text = env.url(name, ['http:', 'https:']);
  if (text === undefined) return undefined;
  const { protocol, search, hash, username, password } = new URL(text);
  if (search || hash || username || password)
    env.problem(name, 'must have no query, fragment or credentials');
  if (production && protocol === 'http:' && !isLocalhost(text))
    env.problem(name, 'must be https in production');
  return text;
}
