import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { SharedRun } from '../common/shared-run.js';
import type { VerificationKey } from '../config/keys/token-key.js';
import type { KeyLookup } from '../tokens/key-ring.js';
import { AuthClientSettings } from './auth-client.options.js';
import { Backoff } from './backoff.js';
import { ServiceSilent } from './client.errors.js';
import { readJwks } from './published-keys.js';
import { reasonOf, ServiceConnection } from './service-connection.js';

const QUESTION = {
  path: '/.well-known/jwks.json',
  // Caches in between ask again: a key that is missing may be there by now.
  headers: { 'cache-control': 'no-cache' },
  patienceMs: 5_000,
  maxBytes: 64 * 1024,
};
const DEFAULT_MAX_AGE_SECONDS = 600;
const LONGEST_MAX_AGE_SECONDS = 86_400;
/** They are fetched anew when this part of their age is over, so that they never get too old. */
const FRESH_PART = 0.75;
const LONGEST_RETRY_MS = 30_000;
const REPLICAS_KNOW_MS = 2_000;

/** The keys that the service publishes. Those once known go on counting while it cannot be asked. */
@Injectable()
export class RemoteKeys implements KeyLookup, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('AuthClient');
  private readonly backoff = new Backoff(LONGEST_RETRY_MS);
  private readonly fetching = new SharedRun(() => this.fetch());
  private known?: ReadonlyMap<string, VerificationKey>;
  private readonly dead = new Set<string>();
  /** Why the last fetch failed. */
  private failure?: string;
  private nextFetchMs = 0;
  private nextSearchAtMs = 0;

  constructor(
    private readonly connection: ServiceConnection,
    private readonly settings: AuthClientSettings,
  ) {}

  /** Nobody waits for them here, but whoever needs them does. */
  onApplicationBootstrap(): void {
    void this.keepFresh();
  }

  onApplicationShutdown(): void {
    this.connection.close();
  }

  find(kid: string): VerificationKey | undefined {
    return this.dead.has(kid) ? undefined : this.known?.get(kid);
  }

  /** Resolves when keys are known. @throws ServiceSilent when none could be fetched yet */
  async load(): Promise<void> {
    if (!this.known) await this.fetching.settled();
    if (!this.known) throw new ServiceSilent(this.failure);
  }

  /**
   * Looks once more for a key that nobody knows, by a fetch that begins after it was asked for: one for all who ask, and
   * at most one per cooldown, however many kids somebody makes up (JWT-12). Nothing is remembered of a kid.
   * @throws ServiceSilent when the service cannot be asked
   */
  async search(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs < this.nextSearchAtMs) await this.fetching.settled();
    else {
      this.nextSearchAtMs = nowMs + this.settings.jwksCooldownSeconds * 1000;
      await this.fetching.again();
    }
    if (this.failure !== undefined) throw new ServiceSilent(this.failure);
  }

  /** This key verifies nothing any more, also while somebody still publishes it; its successor is fetched at once. */
  kill(kid: string): void {
    if (this.dead.has(kid)) return;
    this.dead.add(kid);
    void this.renew();
  }

  /** Once more when every replica of the service knows the successor. */
  private async renew(): Promise<void> {
    await this.fetching.again();
    await this.connection.pause(REPLICAS_KNOW_MS);
    await this.fetching.again();
  }

  private async keepFresh(): Promise<void> {
    while (!this.connection.closed) {
      await this.fetching.again();
      await this.connection.pause(this.nextFetchMs);
    }
  }

  private async fetch(): Promise<void> {
    if (this.connection.closed) return;
    try {
      const { body, headers } = await this.connection.get(QUESTION);
      this.accept(readJwks(body));
      this.nextFetchMs = maxAgeSeconds(headers) * 1000 * FRESH_PART;
    } catch (error) {
      this.complain(reasonOf(error));
      this.nextFetchMs = this.backoff.nextMs();
    }
  }

  private accept(keys: ReadonlyMap<string, VerificationKey>): void {
    if (this.failure !== undefined) this.logger.log(`The keys of ${this.settings.url} can be fetched again.`);
    this.failure = undefined;
    this.backoff.reset();
    if (keys.size === 0 && this.known?.size !== 0) this.logger.error(this.noKeys());
    this.known = keys;
  }

  private complain(reason: string): void {
    if (this.connection.closed || reason === this.failure) return;
    this.failure = reason;
    const meanwhile = this.known
      ? 'The known ones go on counting.'
      : 'Until then tokens are answered with 503.';
    this.logger.warn(`The keys of ${this.settings.url} cannot be fetched: ${reason}. ${meanwhile}`);
  }

  private noKeys(): string {
    return (
      `${this.settings.url} publishes no key that verifies tokens, so every token is refused. It signs with a secret: ` +
      'elsewhere tokens can be checked only with a public-key algorithm, such as BEARER_TOKEN_ALGORITHM=ES256.'
    );
  }
}

/** RFC 9111, section 5.2.2.1. */
function maxAgeSeconds(headers: Headers): number {
  const [, seconds] = /\bmax-age=(\d+)/i.exec(headers.get('cache-control') ?? '') ?? [];
  return Math.min(LONGEST_MAX_AGE_SECONDS, Math.max(1, Number(seconds ?? DEFAULT_MAX_AGE_SECONDS)));
}
