import { parseCookie } from 'cookie';

/** The cookies of one request. Values are as the `cookie` package reads them: percent-decoded where that is possible. */
export class RequestCookies {
  private readonly values: Readonly<Record<string, string | undefined>>;

  constructor(private readonly header: string) {
    this.values = parseCookie(header);
  }

  /** The value, or undefined when the cookie is absent, empty or sent twice: nobody can tell which one is meant. */
  single(name: string): string | undefined {
    return this.timesSent(name) === 1 ? this.values[name] || undefined : undefined;
  }

  /**
   * The value of a cookie that may have been cut into `name.0`, `name.1`, … (`name.10` after `name.9`); undefined when
   * there is none. Only these very names count: neither look-alikes nor chunks after a gap (parity JA-07).
   */
  joined(name: string): string | undefined {
    return this.values[name] || this.chunks(name).join('') || undefined;
  }

  private chunks(name: string): string[] {
    const chunks: string[] = [];
    for (let value = this.values[`${name}.0`]; value; value = this.values[`${name}.${chunks.length}`]) {
      chunks.push(value);
    }
    return chunks;
  }

  private timesSent(name: string): number {
    return this.header.split(';').filter((pair) => pair.split('=', 1)[0]?.trim() === name).length;
  }
}
