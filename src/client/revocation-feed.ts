import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AuthClientSettings } from './auth-client.options.js';
import { Backoff } from './backoff.js';
import { ServiceSilent } from './client.errors.js';
import { FeedLog } from './feed-log.js';
import { RemoteKeys } from './remote-keys.js';
import { readRevocations, type Revocation, type RevocationPage } from './revocation.js';
import { ServiceConnection, ServiceRefusal } from './service-connection.js';
import { TokenDirectory } from './token-directory.js';

/** The service waits no longer. */
const LONGEST_WAIT_SECONDS = 25;
const LONGEST_PATIENCE_MS = 5_000;
const LONGEST_RETRY_MS = 5_000;
/** From one question to the next at least, so that a burst of revocations comes in few answers. */
const PACE_MS = 50;
/** Several times what a page of the service takes. */
const MAX_BYTES = 4 * 1024 * 1024;

type Answer = Omit<RevocationPage, 'revocations'> & { readonly askedAtMs: number };

/**
 * Follows what the service revokes. An answer that holds all there is proves that everything revoked before its question
 * is known here; when none has come for so many seconds, `onSilence` says what that means.
 */
@Injectable()
export class RevocationFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log: FeedLog;
  private readonly backoff: Backoff;
  private readonly silenceMs: number;
  /** A third, so that one question may fail, and another be asked, before it is silence. */
  private readonly thirdMs: number;
  /** From where an answer held all there was. */
  private cursor?: string;
  /** By `performance.now()`, which no adjustment of the clock moves. */
  private currentUntilMs?: number;
  private following?: Promise<void>;

  constructor(
    private readonly connection: ServiceConnection,
    private readonly directory: TokenDirectory,
    private readonly keys: RemoteKeys,
    private readonly settings: AuthClientSettings,
  ) {
    this.log = new FeedLog(settings);
    this.silenceMs = settings.silenceSeconds * 1000;
    this.thirdMs = Math.floor(this.silenceMs / 3);
    this.backoff = new Backoff(Math.min(LONGEST_RETRY_MS, this.thirdMs));
  }

  /** Waits for the first attempt, good or bad, but not for long: without an answer the service starts all the same. */
  async onApplicationBootstrap(): Promise<void> {
    const first = this.listen();
    this.following = first.then(() => this.follow());
    await Promise.race([first, this.connection.pause(LONGEST_PATIENCE_MS)]);
  }

  async onApplicationShutdown(): Promise<void> {
    this.connection.close();
    await this.following;
  }

  /** Whether everything that was revoked `silenceSeconds` ago is known here. */
  isCurrent(): boolean {
    return this.currentUntilMs !== undefined && performance.now() <= this.currentUntilMs;
  }

  /** @throws ServiceSilent when it is silent, and the policy is `closed` */
  assertUsable(): void {
    if (this.settings.onSilence === 'open' || this.isCurrent()) return;
    this.log.noteSilence();
    throw new ServiceSilent(
      `the revocation feed is silent: ${this.log.failure ?? 'it has not answered yet'}`,
    );
  }

  private async follow(): Promise<void> {
    while (!this.connection.closed) {
      const nextAtMs = performance.now() + PACE_MS;
      const heard = await this.listen();
      const restMs = Math.max(0, nextAtMs - performance.now());
      await this.connection.pause(heard ? restMs : this.backoff.nextMs());
    }
  }

  /** False when a question was not answered. */
  private async listen(): Promise<boolean> {
    try {
      this.trust(await this.catchUp());
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** Asks, and asks on at once while there is more; returns the first answer that holds all there is. */
  private async catchUp(): Promise<Answer> {
    // After a failover the service may give out places anew: an old cursor may then pass over what was revoked.
    const after = this.isCurrent() ? this.cursor : undefined;
    let answer = await this.ask(after, this.waitSeconds(after));
    while (answer.hasMore) {
      while (answer.hasMore) answer = await this.ask(answer.nextCursor);
      // What was revoked while they were read may belong to an earlier page.
      answer = await this.ask(answer.nextCursor);
    }
    return answer;
  }

  /** At first, and after a failure, the service is to answer at once. */
  private waitSeconds(after: string | undefined): number {
    if (after === undefined || this.log.failure !== undefined) return 0;
    return Math.min(LONGEST_WAIT_SECONDS, Math.floor(this.thirdMs / 1000));
  }

  /** One question, whose answer is heeded. */
  private async ask(after: string | undefined, waitSeconds = 0): Promise<Answer> {
    const askedAtMs = performance.now();
    const query = new URLSearchParams({ wait: String(waitSeconds), ...(after && { after }) });
    const patienceMs = this.cursor ? Math.min(LONGEST_PATIENCE_MS, this.thirdMs) : LONGEST_PATIENCE_MS;
    const { body } = await this.connection.get({
      path: `/api/revocations?${query}`,
      headers: { authorization: this.authorization() },
      patienceMs: waitSeconds * 1000 + patienceMs,
      maxBytes: MAX_BYTES,
    });
    const { revocations, ...page } = readRevocations(body);
    this.heed(revocations);
    return { ...page, askedAtMs };
  }

  private heed(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) {
      if ('kid' in revocation) this.keys.kill(revocation.kid);
      this.directory.hear(revocation);
    }
  }

  private trust({ askedAtMs, nextCursor }: Answer): void {
    if (!this.isCurrent()) {
      this.directory.forget();
      // A short silence, which began and ended between two questions.
      if (this.currentUntilMs !== undefined) this.log.noteSilence();
    }
    this.cursor = nextCursor;
    this.currentUntilMs = askedAtMs + this.silenceMs;
    this.backoff.reset();
    this.log.noteAnswer();
  }

  private fail(error: unknown): void {
    if (this.connection.closed) return;
    this.log.noteFailure(error);
    // A cursor that the service does not know: begin again.
    if (error instanceof ServiceRefusal && error.status === 400) this.cursor = undefined;
    if (!this.isCurrent()) this.log.noteSilence();
  }

  /** RFC 6749, section 2.3.1: id and secret are form-encoded inside. */
  private authorization(): string {
    const { clientId, clientSecret } = this.settings;
    const pair = [clientId, clientSecret].map(encodeURIComponent).join(':');
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  }
}
