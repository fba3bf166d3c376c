import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { Answer, type AnyBody } from './answer.js';

interface RequestOptions {
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Longer than anything may take. */
const PATIENCE_MS = 60_000;

/** Calls the service on connections that are kept, as somebody at `address`. It never rejects: see `Answer.isLost`. */
export class HttpClient {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(
    private readonly url: string,
    /** Believed where the service trusts this machine as a proxy. */
    private readonly address = `10.${randomBytes(3).join('.')}`,
  ) {}

  get(path: string, token?: string): Promise<Answer> {
    return this.request('GET', path, { token });
  }

  post(path: string, body?: unknown, token?: string): Promise<Answer> {
    return this.request('POST', path, { body, token });
  }

  close(): void {
    this.agent.destroy();
  }

  request(method: string, path: string, { token, body }: RequestOptions): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      'x-forwarded-for': this.address,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(text !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      }),
    };
    const begin = performance.now();
    const { agent } = this;
    return new Promise((resolve) => {
      const lost = (error: NodeJS.ErrnoException): void => {
        const on = sent.reusedSocket ? '' : ' on a new connection';
        resolve(new Answer(0, {}, { code: (error.code ?? error.message) + on }, begin));
      };
      const sent = request(this.url + path, { method, headers, agent, timeout: PATIENCE_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', lost);
        response.on('end', () =>
          resolve(
            new Answer(response.statusCode ?? 0, response.headers, parse(Buffer.concat(chunks)), begin),
          ),
        );
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer in ${PATIENCE_MS} ms`)));
      sent.on('error', lost);
      sent.end(text);
    });
  }
}

function parse(bytes: Buffer): AnyBody {
  const text = bytes.toString();
  return text === '' ? {} : JSON.parse(text);
}
