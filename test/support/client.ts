import { randomUUID } from 'node:crypto';
import type { TestApp } from './app.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a body is anything until a test has looked at it
export interface Answer<T = any> {
  status: number;
  headers: Headers;
  /** The parsed JSON; undefined for an empty body. */
  body: T;
}

export interface RequestOptions {
  token?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a form instead. */
  form?: Record<string, string> | [string, string][];
  cookies?: Record<string, string>;
}

export const PASSWORD = 'correct horse battery';

/** A unique address, so that cases of one file stay apart. */
export function someEmail(name = 'ada'): string {
  return `${name}.${randomUUID().slice(0, 8)}@example.com`;
}

/** Calls the service as a frontend does. */
export class Client {
  constructor(private readonly target: Pick<TestApp, 'url'>) {}

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { token, headers, body, form, cookies } = options;
    const response = await fetch(this.target.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(cookies && {
          cookie: Object.entries(cookies)
            .map((pair) => pair.join('='))
            .join('; '),
        }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(form !== undefined && { body: new URLSearchParams(form) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : json ? JSON.parse(text) : text,
    };
  }

  get = (path: string, options?: RequestOptions): Promise<Answer> => this.request('GET', path, options);

  post = (path: string, body?: unknown, options?: RequestOptions): Promise<Answer> =>
    this.request('POST', path, { ...options, body });

  patch = (path: string, body: unknown, options?: RequestOptions): Promise<Answer> =>
    this.request('PATCH', path, { ...options, body });

  delete = (path: string, body?: unknown, options?: RequestOptions): Promise<Answer> =>
    this.request('DELETE', path, { ...options, body });

  /** Registers somebody new and gives their bundle. */
  async register(fields: object = {}): Promise<Answer['body']> {
    const answer = await this.post('/api/auth/register', {
      email: someEmail(),
      password: PASSWORD,
      ...fields,
    });
    if (answer.status !== 201) throw new Error(`Registering failed: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  login(login: string, password = PASSWORD, fields: object = {}): Promise<Answer> {
    return this.post('/api/auth/login', { login, password, ...fields });
  }
}

/** The cookies that an answer sets, by name. */
export function setCookies(answer: Pick<Answer, 'headers'>): Record<string, string> {
  const pairs = answer.headers.getSetCookie().map((line) => line.split(';', 1)[0]?.split('=') ?? []);
  return Object.fromEntries(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
}
