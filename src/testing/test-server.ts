import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InternalError } from '../common/common.errors.js';
import { DomainError } from '../common/domain-error.js';
import type { HttpRequest } from '../common/http.js';
import { problemOf } from '../common/problem.js';

export type TestRequest = HttpRequest & { url: string };

interface TestAnswer {
  headers?: Record<string, string>;
  body: object;
}

/** @param gone aborted when whoever asked has left */
type Respond = (request: TestRequest, gone: AbortSignal) => TestAnswer | Promise<TestAnswer>;

/** An HTTP server on loopback that answers JSON, and errors with problem documents; or nothing, while it is `silent`. */
export class TestServer {
  readonly url: string;
  /** Every path that was asked for, in order. */
  readonly paths: string[] = [];
  silent = false;
  private readonly held = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(port: number): Promise<TestServer> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new TestServer(server);
  }

  serve(respond: Respond): void {
    this.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.paths.push(request.url?.split('?', 1)[0] ?? '');
      if (this.silent) this.held.add(response);
      else void this.answer(request as TestRequest, response, respond);
    });
  }

  /** Breaks what was asked while it was silent. */
  breakHeld(): void {
    for (const response of this.held) response.destroy();
    this.held.clear();
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async answer(request: TestRequest, response: ServerResponse, respond: Respond): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const [status, { headers, body }] = await this.attempt(() => respond(request, gone.signal), request);
    if (this.silent) return void this.held.add(response);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  }

  private async attempt(
    work: () => TestAnswer | Promise<TestAnswer>,
    request: TestRequest,
  ): Promise<[number, TestAnswer]> {
    try {
      return [200, await work()];
    } catch (error) {
      const refusal = error instanceof DomainError ? error : new InternalError();
      const headers = { ...refusal.headers, 'content-type': 'application/problem+json' };
      return [refusal.status, { headers, body: problemOf(refusal, request) }];
    }
  }
}
