import { randomUUID } from 'node:crypto';
import type { AuthClientOptions } from '../client/auth-client.options.js';
import { Clock } from '../common/clock.js';
import { NotFound } from '../common/common.errors.js';
import type { JwtAlgorithm } from '../config/app-config.js';
import { readClientCredentials } from '../service-clients/client-credentials.js';
import { InvalidClient } from '../service-clients/service-clients.errors.js';
import type { AccessTokenClaims } from '../tokens/access-token-claims.js';
import { claimsFor } from '../tokens/issue-access-token.js';
import { TestFeed, type TestRevocation } from './test-feed.js';
import { TestKeys } from './test-keys.js';
import { type TestRequest, TestServer } from './test-server.js';

export interface TestIssuerOptions {
  /** Of the signing keys. Default ES256. */
  algorithm?: JwtAlgorithm;
  /** Default: a free one. */
  port?: number;
  /** `aud` of the tokens. Default: the issuer's URL. */
  audience?: string;
  /** The credentials that the feed asks for. Default: it takes any. */
  clientId?: string;
  clientSecret?: string;
  /** How long tokens live. Default 3600. */
  tokenTtlSeconds?: number;
  /** How long clients may keep the JWKS. Default 600. */
  jwksMaxAgeSeconds?: number;
  /** How many revocations an answer of the feed holds at most. Default 5000. */
  feedPageSize?: number;
}

export interface TestToken {
  /** The user. Default: a new one. */
  sub?: string;
  /** The session. Default: a new one. */
  sid?: string;
  /** How the person proved themself (`amr`). Default: `['pwd']`. */
  methods?: string[];
  /** When they did; `steppedUp` looks at it. Default: now. */
  authenticatedAt?: Date;
  /** Below zero: late already. Default: `tokenTtlSeconds`. */
  expiresInSeconds?: number;
  /** Further claims; they replace those above, and `undefined` takes one away. */
  claims?: Record<string, unknown>;
}

const DEFAULT_TTL_SECONDS = 3600;
const DEFAULT_PAGE_SIZE = 5000;
/** Of the largest leeway that a client may have. */
const LEEWAY_SECONDS = 300;

/** Stands in for the service in tests: real HTTP on a loopback port, real keys, no database. See `startTestIssuer`. */
export class TestIssuer {
  private readonly feed: TestFeed;
  private readonly ttlSeconds: number;

  private constructor(
    private readonly server: TestServer,
    private readonly keys: TestKeys,
    private readonly clock: Clock,
    private readonly options: TestIssuerOptions,
  ) {
    this.ttlSeconds = options.tokenTtlSeconds ?? DEFAULT_TTL_SECONDS;
    const lifetimeMs = (this.ttlSeconds + LEEWAY_SECONDS) * 1000;
    this.feed = new TestFeed(lifetimeMs, options.feedPageSize ?? DEFAULT_PAGE_SIZE);
    server.serve((request, gone) => this.respond(request, gone));
  }

  static async start(options: TestIssuerOptions): Promise<TestIssuer> {
    const clock = new Clock();
    const keys = await TestKeys.generate(options.algorithm ?? 'ES256', clock);
    return new TestIssuer(await TestServer.start(options.port ?? 0), keys, clock, options);
  }

  /** `iss` of the tokens, too. */
  get url(): string {
    return this.server.url;
  }

  /** Every path that was asked for, in order. */
  get requests(): readonly string[] {
    return this.server.paths;
  }

  /** The kid of the key that signs. */
  get kid(): string {
    return this.keys.current.kid;
  }

  /** Options with which `AuthClientModule.forRoot` follows this issuer. */
  clientOptions(changes: Partial<AuthClientOptions> = {}): AuthClientOptions {
    const { audience, clientId = 'test', clientSecret = 'test' } = this.options;
    return { issuer: this.url, clientId, clientSecret, ...(audience && { audience }), ...changes };
  }

  /** A signed access token, as the service makes them. */
  token(token: TestToken = {}): string {
    const claims = Object.entries({ ...this.claimsOf(token), ...token.claims });
    const given = claims.filter(([, value]) => value !== undefined);
    return this.keys.sign(Object.fromEntries(given) as AccessTokenClaims);
  }

  /** Revokes a session, a user's tokens so far, or a key. Resolves when the clients that follow have heard of it. */
  async revoke(revocation: TestRevocation, reason = 'test'): Promise<void> {
    if ('kid' in revocation) await this.keys.kill(revocation.kid);
    const heard = this.feed.add(revocation, reason, this.clock.nowMs());
    if (!this.server.silent) await heard;
  }

  /** A new key signs; the former ones stay published. */
  rotateKey(): Promise<void> {
    return this.keys.rotate();
  }

  /** From now on nothing is answered, as when a network drops everything. */
  fallSilent(): void {
    this.server.silent = true;
  }

  /** Answers again; what was asked meanwhile breaks. */
  speak(): void {
    this.server.silent = false;
    this.server.breakHeld();
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private claimsOf({ sub, sid, methods, authenticatedAt, expiresInSeconds }: TestToken): AccessTokenClaims {
    const nowSeconds = this.clock.nowSeconds();
    const endsAt = nowSeconds + (expiresInSeconds ?? this.ttlSeconds);
    // A late one was good for a minute.
    const beginsAt = Math.min(nowSeconds, endsAt - 60);
    const subject = {
      userId: sub ?? randomUUID(),
      sessionId: sid ?? randomUUID(),
      methods: methods ?? ['pwd'],
      authenticatedAt: authenticatedAt ?? new Date(nowSeconds * 1000),
      sessionEndsAt: new Date(endsAt * 1000),
    };
    const audience = this.options.audience ?? this.url;
    const rules = { issuer: this.url, audience, ttlSeconds: endsAt - beginsAt, leewaySeconds: 0 };
    return claimsFor(subject, rules, beginsAt);
  }

  private async respond(
    request: TestRequest,
    gone: AbortSignal,
  ): Promise<{ body: object; headers?: Record<string, string> }> {
    const { pathname, searchParams } = new URL(request.url, this.url);
    if (pathname === '/.well-known/jwks.json') {
      const maxAge = this.options.jwksMaxAgeSeconds ?? 600;
      return { body: this.keys.jwks(), headers: { 'cache-control': `public, max-age=${maxAge}` } };
    }
    if (pathname === '/.well-known/oauth-authorization-server') return { body: this.metadata() };
    if (pathname !== '/api/revocations') throw new NotFound();
    this.assertClient(request);
    return { body: await this.feed.page(searchParams, gone) };
  }

  private assertClient(request: TestRequest): void {
    const { clientId, clientSecret } = this.options;
    const credentials = readClientCredentials(request);
    const wrong =
      (clientId !== undefined && clientId !== credentials?.id) ||
      (clientSecret !== undefined && clientSecret !== credentials?.secret);
    if (!credentials || wrong) throw new InvalidClient();
  }

  private metadata(): object {
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/.well-known/jwks.json`,
      revocation_feed_endpoint: `${this.url}/api/revocations`,
    };
  }
}
