import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';

/**
 * How the server behaves: `silent` takes questions and says nothing, `dripping` sends a byte now and then, `huge`
 * would send a gigabyte, `bomb` the same in a few kilobytes, `redirecting` names another path that would answer.
 */
export type BreachMood =
  'well' | 'silent' | 'dripping' | 'huge' | 'bomb' | 'redirecting' | 'failing' | 'empty' | 'no range' | 'cut';

const PADDING = 800;
const GIGABYTE = 1024 ** 3;

/** A service of stolen passwords in this process, with the range protocol of Have I Been Pwned. */
export class BreachServer {
  readonly questions: { path: string; headers: IncomingHttpHeaders }[] = [];
  mood: BreachMood = 'well';
  /** Bytes of the body that connections took. */
  sent = 0;
  open = 0;
  mostOpen = 0;
  private readonly counts = new Map<string, number>();
  private readonly server: Server = createServer((request, response) => {
    this.questions.push({ path: request.url ?? '', headers: request.headers });
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.on('close', () => (this.open -= 1));
    this.answer(request.url ?? '', response);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/range`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** As often as a password was seen in breaches; 0 is how padding looks. */
  know(password: string, count: number): void {
    this.counts.set(sha1(password), count);
  }

  forgetQuestions(): void {
    this.questions.length = this.sent = this.mostOpen = 0;
  }

  private answer(path: string, response: ServerResponse): void {
    if (this.mood === 'silent') return;
    if (this.mood === 'failing') return void response.writeHead(503).end();
    if (this.mood === 'empty') return void response.writeHead(200).end();
    if (this.mood === 'no range')
      return void response.end('<!doctype html>\n<p>Please sign in to this network.</p>');
    if (this.mood === 'redirecting' && !path.endsWith('?again')) {
      return void response.writeHead(302, { Location: `${path}?again` }).end();
    }
    if (this.mood === 'huge' || this.mood === 'bomb') return this.flood(response);
    const body = this.range(path.slice(-5));
    if (this.mood === 'dripping') return this.drip(response, body);
    if (this.mood === 'cut') {
      response.writeHead(200, { 'Content-Length': body.length + 1 }).write(body, () => response.destroy());
      return;
    }
    response.setHeader('Content-Type', 'text/plain').end(body);
  }

  private range(prefix: string): string {
    const known = [...this.counts].filter(([hash]) => hash.startsWith(prefix));
    const padding = Array.from({ length: PADDING }, () => [prefix + randomHex(35), 0] as const);
    return [...known, ...padding].map(([hash, count]) => `${hash.slice(5)}:${count}`).join('\r\n');
  }

  /** One after the other, as fast as the connection takes them. */
  private flood(response: ServerResponse): void {
    const lines = Buffer.from(`${randomHex(35)}:0\r\n`.repeat(2_000));
    const bomb = this.mood === 'bomb' ? createGzip() : undefined;
    response.writeHead(200, bomb && { 'Content-Encoding': 'gzip' });
    bomb?.pipe(response);
    const more = (): void => {
      if (this.sent >= GIGABYTE || response.destroyed) return void (bomb ?? response).end();
      this.sent += lines.length;
      (bomb ?? response).write(lines, () => setImmediate(more));
    };
    more();
  }

  private drip(response: ServerResponse, body: string): void {
    let at = 0;
    const timer = setInterval(() => response.write(body[at++] ?? '\n'), 50);
    response.on('close', () => clearInterval(timer));
  }
}

export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex').toUpperCase();
}

function randomHex(length: number): string {
  return randomBytes(length).toString('hex').slice(0, length).toUpperCase();
}
