import type { TokenKey } from './keys/token-key.js';

/** Everything the environment decides, checked and frozen at boot. Durations carry their unit in the name. */
export abstract class AppConfig {
  readonly production: boolean;
  /** What is allowed and not advised; told at boot. */
  readonly warnings: readonly string[];
  readonly http: {
    readonly port: number;
    readonly host: string;
    /** The service's own origin and path, without a trailing slash. */
    readonly publicUrl: string;
    readonly corsOrigins: readonly string[];
    readonly trustedProxies: readonly string[];
    readonly docs: boolean;
  };
  /** 32 bytes or more; every other key is derived from it, see `deriveKey`. */
  readonly appKey: Buffer;
  readonly database: {
    /** Undefined: the embedded PostgreSQL in `dataDir`. */
    readonly url?: string;
    readonly dataDir: string;
  };
  readonly redisUrl?: string;
  readonly bearerToken: {
    readonly algorithm: JwtAlgorithm;
    /** The first signs, all verify. Empty: a key generated once and kept in the database. */
    readonly keys: readonly TokenKey[];
    readonly ttlMinutes: number;
    readonly leewaySeconds: number;
    /** How long a generated key signs before the next one is made; 0: for ever. */
    readonly keyRotationDays: number;
    readonly issuer: string;
    readonly audience: string;
  };
  readonly sessions: {
    readonly ttlMinutes: number;
    readonly rememberTtlMinutes: number;
    readonly idleTtlMinutes: number;
    readonly confirmPasswordTtlMinutes: number;
    readonly refreshPolicy: 'tolerant' | 'strict';
    /** A completed sign-in ends all other sessions of that user. */
    readonly blockConcurrent: boolean;
    /** Sessions that a user may have at once; the oldest end. 0: any number. */
    readonly limit: number;
  };
  readonly users: {
    readonly registration: 'open' | 'closed' | 'verified';
    readonly loginAttribute: 'email' | 'username' | 'both';
    readonly softDelete: boolean;
    /** Whether people may, or must, have a second factor. */
    readonly twoFactor: 'off' | 'optional' | 'required';
  };
  readonly passwords: {
    /** Code points. */
    readonly minLength: number;
    readonly requireMixedCase: boolean;
    readonly requireNumber: boolean;
    readonly requireSymbol: boolean;
    /** Ask `breachUrl` whether a new password is in a known breach. */
    readonly requireUncompromised: boolean;
    /** Without a trailing slash; five characters of a hash follow. */
    readonly breachUrl: string;
    /** Hashes computed in parallel: one less than there are cores or pool threads, so that one stays free. */
    readonly hashesAtOnce: number;
  };
  readonly passkeys: {
    /** The domain that they belong to; browsers offer them on its pages and on those of its subdomains. */
    readonly rpId: string;
    /** What people are shown beside it. */
    readonly rpName: string;
    /** The pages that may use them. */
    readonly origins: readonly string[];
  };
  readonly links: {
    /** The frontend that mailed links open, without a trailing slash. */
    readonly appUrl: string;
    readonly redirectUrls: readonly string[];
    readonly verifyTtlMinutes: number;
    readonly resetTtlMinutes: number;
  };
  readonly mail: {
    /** Undefined: `.eml` files in `dataDir/outbox`. */
    readonly smtpUrl?: string;
    readonly from: string;
    /** The folder of templates that take the place of our own. */
    readonly templatesDir?: string;
    /** Of letters to people of whom nobody knows a language that there are letters in. */
    readonly locale: string;
  };
  readonly activity: {
    /** How long the log of what happened is kept. */
    readonly retentionDays: number;
  };
  readonly tokenAccess: {
    /** Secrets of Auth.js tokens that `getToken` reads, the newest first; empty: own tokens only. */
    readonly authjsSecrets: readonly string[];
    /** Further cookies that may carry our access token, for safe methods only. */
    readonly cookieNames: readonly string[];
  };
  /** False lifts every limit and pace; never in production. */
  readonly rateLimit: boolean;
}

export const JWT_ALGORITHMS = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512',
  'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',
] as const; // prettier-ignore

export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];
