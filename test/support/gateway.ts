import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an answer of a test returns to have the request passed on after all. */
export const PASS = Symbol('pass');

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Between a service and those who call it: passes everything on, save what a test answers itself. */
export class Gateway {
  /** Every path that was asked for, in order. */
  readonly paths: string[] = [];
  readonly answers: Record<string, Answer> = {};

  private constructor(
    private readonly server: Server,
    private target: string,
  ) {
    server.on('request', (incoming: IncomingMessage, response) => {
      const path = incoming.url?.split('?', 1)[0] ?? '';
      this.paths.push(path);
      const answer = this.answers[path];
      if (answer && answer(incoming, response) !== PASS) return;
      const { method, headers, url = '' } = incoming;
      const outgoing = request(this.target + url, { method, headers }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      });
      outgoing.on('error', () => response.destroy());
      response.on('close', () => outgoing.destroy());
      incoming.pipe(outgoing);
    });
  }

  static async start({ url }: { url: string }): Promise<Gateway> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Gateway(server, url);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Answers a path with this instead of passing it on. */
  answerJson(path: string, status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.answers[path] = (_request, response) => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    };
  }

  /** Breaks every connection, and passes on to another from now on. */
  turnTo({ url }: { url: string }): void {
    this.target = url;
    this.server.closeAllConnections();
  }

  asked(path: string): number {
    return this.paths.filter((each) => each === path).length;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
