import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { readBody } from '../common/response-body.js';
import { AuthClientSettings } from './auth-client.options.js';

export interface Question {
  /** With its query. */
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly patienceMs: number;
  readonly maxBytes: number;
}

export interface ServiceAnswer {
  readonly headers: Headers;
  /** Any JSON. */
  readonly body: unknown;
}

/** The service has answered, and not with 200. */
export class ServiceRefusal extends Error {
  constructor(
    readonly status: number,
    /** Of the problem document, when it was one. */
    readonly code: string | undefined,
  ) {
    super(`the service answered ${status}${code === undefined ? '' : ` ${code}`}`);
  }
}

/** Asks the service, within bounds of time and size: whatever it answers, or does not, holds nothing up for ever. */
@Injectable()
export class ServiceConnection {
  private readonly closing = new AbortController();

  constructor(private readonly settings: AuthClientSettings) {}

  get closed(): boolean {
    return this.closing.signal.aborted;
  }

  /** Gives up what is being asked and waited for. */
  close(): void {
    this.closing.abort(new Error('closed'));
  }

  /** Waits, but no longer than until the end. */
  async pause(ms: number): Promise<void> {
    await delay(ms, null, { signal: this.closing.signal, ref: false }).catch(() => {});
  }

  /** @throws ServiceRefusal; Error when there is no answer, or none that can be read */
  async get({ path, headers, patienceMs, maxBytes }: Question): Promise<ServiceAnswer> {
    const { signal, release } = this.patience(patienceMs);
    try {
      const response = await fetch(this.settings.url + path, {
        headers: { accept: 'application/json', ...headers },
        // Keys and news of another host are not those of the service.
        redirect: 'error',
        signal,
      });
      const tooLong = (): Error => new Error(`the answer is longer than ${maxBytes} bytes`);
      const text = (await readBody(response, maxBytes, tooLong)).toString();
      if (response.status !== 200) throw new ServiceRefusal(response.status, codeIn(text));
      return { headers: response.headers, body: parse(text) };
    } finally {
      release();
    }
  }

  /** A signal of its own for each question: on one that lives as long as the process, listeners would pile up. */
  private patience(ms: number): { signal: AbortSignal; release: () => void } {
    const { signal: closing } = this.closing;
    const patience = new AbortController();
    const giveUp = (): void => patience.abort(closing.reason);
    const timer = setTimeout(() => patience.abort(new Error(`no answer within ${ms} ms`)), ms).unref();
    if (closing.aborted) giveUp();
    closing.addEventListener('abort', giveUp);
    const release = (): void => {
      clearTimeout(timer);
      closing.removeEventListener('abort', giveUp);
    };
    return { signal: patience.signal, release };
  }
}

/** Why something failed, in a few words; `fetch` keeps the reason in the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : reasonOf(error.cause);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('the answer is no JSON');
  }
}

function codeIn(text: string): string | undefined {
  const [, code] = /"code":"([a-z_]{1,40})"/.exec(text) ?? [];
  return code;
}
