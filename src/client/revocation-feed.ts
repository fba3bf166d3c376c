import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Unavailable } from '../common/common.errors.js';
import { AuthClientSettings } from './auth-client.options.js';
import { Backoff } from './backoff.js';
import { RemoteKeys } from './remote-keys.js';
import { readRevocations } from './revocation.js';
import { reasonOf, ServiceConnection, ServiceRefusal } from './service-connection.js';
import { TokenDirectory } from './token-directory.js';

/** The service waits no longer. */
const LONGEST_WAIT_SECONDS = 25;
const LONGEST_RETRY_MS = 5_000;
/** From one question to the next at least, so that a burst of revocations comes in few answers. */
const PACE_MS = 50;
/** Room for everything that was revoked within a day, when it is read for the first time. */
const MAX_BYTES = 64 * 1024 * 1024;

const MAKE_CLIENT = 'The service makes one: npm run clients -- create NAME --scope revocations:read';
const ADVICE: Record<number, string> = {
  401: `It does not know these credentials: check clientId and clientSecret. ${MAKE_CLIENT}`,
  403: `This client lacks the scope revocations:read. ${MAKE_CLIENT}`,
};

/**
 * Follows what the service revokes. An answer proves that everything revoked before its question is known here; when
 * none has come for so many seconds, `onSilence` says what that means.
 */
@Injectable()
export class RevocationFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('AuthClient');
  private readonly backoff: Backoff;
  private readonly silenceMs: number;
  private readonly waitSeconds: number;
  private cursor?: string;
  /** By `performance.now()`, which no adjustment of the clock moves. */
  private currentUntilMs = -1;
  private silent = false;
  private failure?: string;
  private following?: Promise<void>;

  constructor(
    private readonly connection: ServiceConnection,
    private readonly directory: TokenDirectory,
    private readonly keys: RemoteKeys,
    private readonly settings: AuthClientSettings,
  ) {
    this.silenceMs = settings.silenceSeconds * 1000;
    // A third, so that one question may fail, and another be asked, before it is silence.
    this.waitSeconds = Math.min(LONGEST_WAIT_SECONDS, Math.floor(settings.silenceSeconds / 3));
    this.backoff = new Backoff(Math.min(LONGEST_RETRY_MS, this.silenceMs / 3));
  }

  /** Waits for the first answer, good or bad: without one the service starts all the same. */
  async onApplicationBootstrap(): Promise<void> {
    await this.listen();
    this.following = this.follow();
  }

  async onApplicationShutdown(): Promise<void> {
    this.connection.close();
    await this.following;
  }

  /** Whether everything that was revoked `silenceSeconds` ago is known here. */
  isCurrent(): boolean {
    return performance.now() <= this.currentUntilMs;
  }

  /** @throws Unavailable when it is silent, and the policy is `closed` */
  assertUsable(): void {
    if (this.settings.onSilence === 'closed' && !this.isCurrent()) {
      throw new Unavailable(`the revocation feed is silent: ${this.failure ?? 'it has not answered yet'}`);
    }
  }

  private async follow(): Promise<void> {
    while (!this.connection.closed) {
      const nextAtMs = performance.now() + PACE_MS;
      const heard = await this.listen();
      const restMs = Math.max(0, nextAtMs - performance.now());
      await this.connection.pause(heard ? restMs : this.backoff.nextMs());
    }
  }

  /** One question; false when it was not answered. */
  private async listen(): Promise<boolean> {
    const askedAtMs = performance.now();
    try {
      await this.read();
      this.succeed(askedAtMs);
      return true;
    } catch (error) {
      if (!this.connection.closed) this.fail(error);
      return false;
    }
  }

  private async read(): Promise<void> {
    // After a failure the service is to answer at once.
    const wait = this.cursor === undefined || this.failure !== undefined ? 0 : this.waitSeconds;
    const { body } = await this.connection.get({
      path: `/api/revocations?${new URLSearchParams({ ...(this.cursor && { after: this.cursor }), wait: String(wait) })}`,
      headers: { authorization: this.authorization() },
      patienceMs: wait * 1000 + Math.min(5_000, this.silenceMs / 3),
      maxBytes: MAX_BYTES,
    });
    const { revocations, nextCursor } = readRevocations(body);
    if (!this.isCurrent()) this.directory.forget();
    for (const revocation of revocations) {
      if ('kid' in revocation) this.keys.kill(revocation.kid);
      this.directory.hear(revocation);
    }
    this.cursor = nextCursor;
  }

  private succeed(askedAtMs: number): void {
    if (this.silent) this.logger.warn(`The revocation feed of ${this.settings.url} speaks again.`);
    this.currentUntilMs = askedAtMs + this.silenceMs;
    this.silent = false;
    this.failure = undefined;
    this.backoff.reset();
  }

  private fail(error: unknown): void {
    const reason = reasonOf(error);
    const advice = error instanceof ServiceRefusal ? ADVICE[error.status] : undefined;
    if (reason !== this.failure) {
      const line = `The revocation feed of ${this.settings.url} fails: ${reason}.`;
      if (advice === undefined) this.logger.warn(line);
      else this.logger.error(`${line} ${advice}`);
    }
    this.failure = reason;
    // A cursor that the service does not know, e.g. after its database was moved.
    if (error instanceof ServiceRefusal && error.status === 400) this.cursor = undefined;
    if (!this.silent && !this.isCurrent()) this.noteSilence();
  }

  private noteSilence(): void {
    this.silent = true;
    const { onSilence, silenceSeconds, url } = this.settings;
    const meaning =
      onSilence === 'closed'
        ? 'tokens are answered with 503'
        : 'tokens count by signature and time alone, and what is revoked meanwhile is not seen';
    this.logger.warn(
      `Nothing was heard of revocations at ${url} for ${silenceSeconds} seconds: until it speaks again, ${meaning}.`,
    );
  }

  /** RFC 6749, section 2.3.1: id and secret are form-encoded inside. */
  private authorization(): string {
    const { clientId, clientSecret } = this.settings;
    const pair = [clientId, clientSecret].map(encodeURIComponent).join(':');
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  }
}
