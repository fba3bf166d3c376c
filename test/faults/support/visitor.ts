import { randomUUID } from 'node:crypto';
import type { Answer } from './answer.js';
import { HttpClient } from './http-client.js';

export const PASSWORD = 'correct horse battery';

/** A session that was acknowledged, by its newest refresh token. */
interface Held {
  refreshToken: string;
}

/** What a visitor may ask, and how it is answered when all is well. */
export interface Request {
  readonly expects: number;
  /** Of the error that is expected. */
  readonly code?: string;
  /** Whether it changes something, which once acknowledged must last. */
  readonly writes?: boolean;
  send(visitor: Visitor): Promise<Answer>;
}

export function someEmail(): string {
  return `ada.${randomUUID().slice(0, 13)}@example.com`;
}

/** A client with an account, who does by turns what people do, and what they must not be let do. */
export class Visitor {
  readonly email = someEmail();
  /** Addresses whose registration was acknowledged. */
  readonly registered: string[] = [];
  /** Sessions beside the one that is refreshed all the time. */
  readonly opened: Held[] = [];
  token = '';
  refreshToken = '';
  /** Of a session that was signed out. */
  ended = { token: '', refreshToken: '' };

  constructor(readonly client: HttpClient) {}

  async prepare(): Promise<void> {
    const registered = await this.register(this.email);
    if (!registered.is(201)) throw new Error(`Registering failed: ${String(registered)}`);
    this.keep(registered);
    const { body } = await this.login();
    this.opened.pop();
    this.ended = body as Visitor['ended'];
    const out = await this.client.post('/api/auth/logout', undefined, this.ended.token);
    if (!out.is(204)) throw new Error(`Signing out failed: ${String(out)}`);
  }

  async register(email = someEmail()): Promise<Answer> {
    const answer = await this.client.post('/api/auth/register', { email, password: PASSWORD });
    if (answer.is(201)) this.registered.push(email);
    return answer;
  }

  async login(password = PASSWORD): Promise<Answer> {
    const answer = await this.client.post('/api/auth/login', { login: this.email, password });
    if (answer.is(200)) this.opened.push({ refreshToken: answer.body.refreshToken as string });
    return answer;
  }

  async refresh(): Promise<Answer> {
    const answer = await this.client.post('/api/auth/refresh', { refreshToken: this.refreshToken });
    if (answer.is(200)) this.keep(answer);
    return answer;
  }

  private keep({ body }: Answer): void {
    this.token = body.token as string;
    this.refreshToken = body.refreshToken as string;
  }
}

const FORGED = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.e30.`;

/** What people do … */
export const HONEST = {
  register: { expects: 201, writes: true, send: (visitor) => visitor.register() },
  refresh: { expects: 200, writes: true, send: (visitor) => visitor.refresh() },
  session: { expects: 200, send: ({ client, token }) => client.get('/api/auth/session', token) },
  login: { expects: 200, writes: true, send: (visitor) => visitor.login() },
  guarded: { expects: 200, send: ({ client, token }) => client.get('/api/user', token) },
} satisfies Record<string, Request>;

/** … and what nobody may be let do, whatever fails. */
export const INTRUDING = {
  'wrong password': {
    expects: 401,
    code: 'invalid_credentials',
    send: (visitor) => visitor.login('wrong horse battery'),
  },
  'ended session': {
    expects: 401,
    code: 'session_revoked',
    send: ({ client, ended }) => client.get('/api/user', ended.token),
  },
  'refresh of an ended session': {
    expects: 401,
    code: 'session_revoked',
    send: ({ client, ended }) => client.post('/api/auth/refresh', { refreshToken: ended.refreshToken }),
  },
  'forged token': {
    expects: 401,
    code: 'token_invalid',
    send: ({ client }) => client.get('/api/auth/session', FORGED),
  },
} satisfies Record<string, Request>;
