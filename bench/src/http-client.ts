import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** From sending the request to the last byte of the answer. */
  readonly ms: number;
}

interface RequestOptions {
  readonly token?: string;
  /** The address of whom it is passed on for, as a proxy does. */
  readonly from?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/** Requests one by one, on connections that are kept, where each answer matters. */
export class HttpClient {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.request('GET', path, options);
  }

  post(path: string, body: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.request('POST', path, { ...options, body });
  }

  close(): void {
    this.agent.destroy();
  }

  /** Rejects when there is no answer. */
  request(method: string, path: string, { token, from, body, timeoutMs }: RequestOptions): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(from !== undefined && { 'x-forwarded-for': from }),
      ...(text !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      }),
    };
    const startedAtMs = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request(
        this.url + path,
        { method, headers, agent: this.agent, timeout: timeoutMs },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const { statusCode = 0, headers } = response;
            const ms = performance.now() - startedAtMs;
            resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString(), ms });
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`No answer within ${timeoutMs} ms.`)));
      sent.on('error', reject);
      sent.end(text);
    });
  }
}
