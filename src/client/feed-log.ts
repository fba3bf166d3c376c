import { Logger } from '@nestjs/common';
import type { AuthClientSettings } from './auth-client.options.js';
import { reasonOf, ServiceRefusal } from './service-connection.js';

const MAKE_CLIENT = 'The service makes one: npm run clients -- create NAME --scope revocations:read';
const ADVICE: Record<number, string> = {
  401: `It does not know these credentials: check clientId and clientSecret. ${MAKE_CLIENT}`,
  403: `This client lacks the scope revocations:read. ${MAKE_CLIENT}`,
};

/** Tells an operator how it goes with the feed: each trouble once, not at every attempt. */
export class FeedLog {
  private readonly logger = new Logger('AuthClient');
  private silent = false;
  private lastFailure?: string;

  constructor(private readonly settings: AuthClientSettings) {}

  /** Why the last question was not answered; undefined when it was. */
  get failure(): string | undefined {
    return this.lastFailure;
  }

  noteFailure(error: unknown): void {
    const reason = reasonOf(error);
    if (reason === this.lastFailure) return;
    this.lastFailure = reason;
    const line = `The revocation feed of ${this.settings.url} fails: ${reason}.`;
    const advice = error instanceof ServiceRefusal ? ADVICE[error.status] : undefined;
    if (advice === undefined) this.logger.warn(line);
    else this.logger.error(`${line} ${advice}`);
  }

  noteSilence(): void {
    if (this.silent) return;
    this.silent = true;
    const meaning =
      this.settings.onSilence === 'closed'
        ? 'tokens are answered with 503'
        : 'tokens count by signature and time alone, save those that were revoked before';
    this.logger.warn(
      `What is revoked at ${this.settings.url} is not known here: until its feed speaks, ${meaning}.`,
    );
  }

  noteAnswer(): void {
    if (this.silent) this.logger.warn(`The revocation feed of ${this.settings.url} speaks again.`);
    this.silent = false;
    this.lastFailure = undefined;
  }
}
