import type { IncomingHttpHeaders } from 'node:http';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is in a body is unknown until somebody looked at it
export type AnyBody = any;

/** What came of a request. Status 0: nothing came, and the code says why. */
export class Answer {
  readonly at = performance.now();
  readonly ms: number;

  constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    readonly body: AnyBody,
    readonly askedAt: number,
  ) {
    this.ms = this.at - askedAt;
  }

  /** The error's. */
  get code(): string | undefined {
    return this.body?.code as string | undefined;
  }

  get isLost(): boolean {
    return this.status === 0;
  }

  /** Refused for now, in order: the client knows that it may come again, and when. */
  get isRefused(): boolean {
    const named = this.code === 'unavailable' || this.code === 'overloaded';
    return this.status === 503 && named && Number(this.headers['retry-after']) > 0;
  }

  is(status: number, code?: string): boolean {
    return this.status === status && (code === undefined || this.code === code);
  }

  toString(): string {
    return [this.status || 'no answer', this.code].filter(Boolean).join(' ');
  }
}
