import { ConfigurationError } from '../config/load-config.js';

/** What a service elsewhere says about the Tokenhouse whose tokens it takes. */
export interface AuthClientOptions {
  /** `iss` of the tokens: the service's `PUBLIC_URL`, or its `BEARER_TOKEN_ISSUER`. */
  issuer: string;
  /** Of a service client with the scope `revocations:read`: `npm run clients -- create NAME --scope revocations:read`. */
  clientId: string;
  clientSecret: string;
  /** Where the service is reached from here, when that is not the issuer. */
  url?: string;
  /** `aud` of the tokens. Default: the issuer, as in the service. */
  audience?: string;
  /** Tolerated clock difference, 0 to 300. Default 60; no more than the service's. */
  leewaySeconds?: number;
  /**
   * What happens to requests with a token when nothing was heard of revocations for `silenceSeconds`. `closed`, the
   * default: 503 until something is heard. `open`: signature and time decide, and what was revoked before still counts.
   */
  onSilence?: 'closed' | 'open';
  /** 3 to 3600. Default 10. */
  silenceSeconds?: number;
  /** Cookies that may carry a token, for safe methods only. Default: none. */
  cookieNames?: string[];
  /** How long `steppedUp` takes a sign-in or a confirmed password for fresh, 1 to 1440. Default 15. */
  confirmPasswordTtlMinutes?: number;
  /** Tokens that live longer are refused, 1 to 1440. Default 1440, the most that the service can be set to. */
  maxTokenTtlMinutes?: number;
  /** How often a key that nobody knows makes the keys be fetched again at most, 1 to 3600. Default 30. */
  jwksCooldownSeconds?: number;
}

/** The options, complete and checked. */
export abstract class AuthClientSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Without a trailing slash. */
  readonly url: string;
  readonly audience: string;
  readonly leewaySeconds: number;
  readonly onSilence: 'closed' | 'open';
  readonly silenceSeconds: number;
  readonly cookieNames: readonly string[];
  readonly confirmPasswordTtlMinutes: number;
  readonly maxTokenTtlMinutes: number;
  readonly jwksCooldownSeconds: number;
}

const NUMBERS = {
  leewaySeconds: { fallback: 60, min: 0, max: 300 },
  silenceSeconds: { fallback: 10, min: 3, max: 3600 },
  confirmPasswordTtlMinutes: { fallback: 15, min: 1, max: 1440 },
  maxTokenTtlMinutes: { fallback: 1440, min: 1, max: 1440 },
  jwksCooldownSeconds: { fallback: 30, min: 1, max: 3600 },
};

const CREDENTIALS = 'at the service, npm run clients -- create NAME --scope revocations:read prints it';

/** @throws ConfigurationError with every problem at once, and no value in it */
export function checkOptions(options: AuthClientOptions): AuthClientSettings {
  const reader = new OptionsReader(options);
  const issuer = reader.text('issuer', 'it is the PUBLIC_URL of the service, or its BEARER_TOKEN_ISSUER');
  const settings: AuthClientSettings = {
    issuer,
    clientId: reader.text('clientId', CREDENTIALS),
    clientSecret: reader.text('clientSecret', CREDENTIALS),
    url: reader.url(issuer),
    audience:
      options.audience === undefined ? issuer : reader.text('audience', 'it is the aud of the tokens'),
    onSilence: reader.policy(),
    cookieNames: reader.cookieNames(),
    ...reader.numbers(),
  };
  if (reader.problems.length > 0) throw new ConfigurationError(reader.problems);
  return Object.freeze(settings);
}

class OptionsReader {
  readonly problems: string[] = [];

  constructor(private readonly options: AuthClientOptions) {}

  text(name: 'issuer' | 'clientId' | 'clientSecret' | 'audience', meaning: string): string {
    const value: unknown = this.options[name];
    if (typeof value === 'string' && value !== '') return value;
    this.problem(name, `must be given: ${meaning}`);
    return '';
  }

  /** `url`, or the issuer when that is one. */
  url(issuer: string): string {
    const { url } = this.options;
    const text = url ?? issuer;
    if (isPlainUrl(text)) return text.replace(/\/+$/, '');
    const what = 'must be a URL that starts with http:// or https://, without query, fragment or credentials';
    if (url !== undefined) this.problem('url', what);
    else if (issuer !== '') this.problem('issuer', `${what}; or say with url where the service is reached`);
    return '';
  }

  policy(): 'closed' | 'open' {
    const { onSilence = 'closed' } = this.options;
    if (onSilence !== 'closed' && onSilence !== 'open') this.problem('onSilence', 'must be closed or open');
    return onSilence;
  }

  cookieNames(): string[] {
    const { cookieNames = [] } = this.options;
    const valid = Array.isArray(cookieNames) && cookieNames.every((name) => COOKIE_NAME.test(name));
    if (!valid) this.problem('cookieNames', 'must be a list of cookie names');
    return [...cookieNames];
  }

  numbers(): Record<keyof typeof NUMBERS, number> {
    const entries = Object.entries(NUMBERS).map(([name, { fallback, min, max }]) => {
      const value = this.options[name as keyof typeof NUMBERS] ?? fallback;
      const fits = Number.isInteger(value) && value >= min && value <= max;
      if (!fits) this.problem(name, `must be a whole number from ${min} to ${max}`);
      return [name, value];
    });
    return Object.fromEntries(entries) as Record<keyof typeof NUMBERS, number>;
  }

  private problem(name: string, what: string): void {
    this.problems.push(`AuthClientModule: ${name} ${what}.`);
  }
}

const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && !search && !hash && !username && !password;
}
