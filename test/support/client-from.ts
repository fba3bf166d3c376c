import { randomInt } from 'node:crypto';
import type { TestApp } from './app.js';
import { type Answer, Client, type RequestOptions } from './client.js';

/** The peers of tests, where they are to be believed about their clients: for `TRUSTED_PROXIES`. */
export const LOCAL_PROXY = '127.0.0.1';

/** Calls the service from another address, as behind a proxy, and from some browser. */
export class ClientFrom extends Client {
  constructor(
    target: Pick<TestApp, 'url'>,
    readonly address = someAddress(),
    private readonly userAgent = FIREFOX,
  ) {
    super(target);
  }

  override request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const own = { 'x-forwarded-for': this.address, 'user-agent': this.userAgent };
    return super.request(method, path, { ...options, headers: { ...own, ...options.headers } });
  }
}

/** One that no other test has (RFC 2544's block for such things). */
export function someAddress(): string {
  return `198.${18 + randomInt(2)}.${randomInt(256)}.${randomInt(256)}`;
}

export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
