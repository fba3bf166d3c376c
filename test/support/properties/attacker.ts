import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { TestApp } from '../app.js';
import { Client, PASSWORD, someEmail } from '../client.js';
import { decodeToken } from '../forge.js';
import { basic, ServiceCaller } from '../service-caller.js';
import type { Bystander } from './bystander.js';
import type { AnyRequest } from './requests.js';
import { type KnownName, resolve } from './values.js';

export interface RawAnswer {
  status: number;
  /** Status line, headers and body, in which nothing of somebody else may be. */
  text: string;
  /** What was sent in confidence and is said again, by name; of refusals only. */
  repeated: string[];
}

/** No refusal repeats these (LOG-12). */
const CONFIDENTIAL = /password|token|secret|basic|email/i;

/** Somebody with an account, and another service with credentials, who send whatever they are told to. */
export class Attacker {
  private readonly agent = new Agent({ keepAlive: true });
  private known: Partial<Record<KnownName, string>> = {};
  private isSpent = true;

  private constructor(
    private readonly target: TestApp,
    private readonly other: Bystander,
    private readonly caller: ServiceCaller,
  ) {}

  static async create(target: TestApp, other: Bystander): Promise<Attacker> {
    const scopes = ['tokens:introspect', 'tokens:revoke', 'revocations:read'] as const;
    return new Attacker(target, other, await ServiceCaller.create(target, ...scopes));
  }

  close(): void {
    this.agent.destroy();
  }

  /** Sends a request with what its names stand for, as somebody whose account and session are in order. */
  async send(method: string, { path, query, headers, body }: AnyRequest): Promise<RawAnswer> {
    if (this.isSpent) await this.renew();
    const sent = new Map<string, KnownName>();
    const fill = (text: string): string =>
      resolve(text, (name) => {
        const value = this.valueOf(name);
        if (CONFIDENTIAL.test(name)) sent.set(value, name);
        return value;
      });
    const target = fill(path);
    const pairs = query.map(([name, value]): [string, string] => [fill(name), fill(value)]);
    const search = pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
    const filled = Object.entries(headers).map(([name, value]) => [name, fill(value)]);
    const bytes = body === undefined ? undefined : Buffer.from(fill(body));
    const answer = await this.exchange(method, target + search, Object.fromEntries(filled), bytes);
    // What was done may have ended the session, or the account.
    this.isSpent = method !== 'GET' && answer.status < 300;
    // The path is said again as it came.
    const isRepeated = (value: string): boolean => answer.text.includes(value) && !target.includes(value);
    const repeated = answer.status < 400 ? [] : [...sent].filter(([value]) => isRepeated(value));
    return { ...answer, repeated: repeated.map(([, name]) => name) };
  }

  private valueOf(name: KnownName): string {
    if (name === 'new.email') return someEmail();
    if (name === 'new.username') return randomUUID();
    return this.known[name] ?? this.other.valueOf(name);
  }

  private async renew(): Promise<void> {
    const username = randomUUID();
    const { user, token, refreshToken } = await new Client(this.target).register({ username });
    // Without a proven address most routes would be closed.
    await this.target.database.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [user.id]);
    await this.target.catchUp();
    this.known = {
      'own.id': user.id,
      'own.email': user.email,
      'own.username': username,
      'own.password': PASSWORD,
      'own.session': decodeToken(token).payload.sid as string,
      'own.token': token,
      'own.refreshToken': refreshToken,
      'own.basic': basic(user.email, PASSWORD).slice('Basic '.length),
      'new.password': 'another horse battery',
      'client.id': this.caller.id,
      'client.secret': this.caller.secret,
      'client.basic': this.caller.authorization.slice('Basic '.length),
    };
  }

  /** As it is: nothing is added to the headers but what HTTP needs. */
  private exchange(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<Omit<RawAnswer, 'repeated'>> {
    const length = body && { 'content-length': String(body.length) };
    return new Promise((resolvePromise, reject) => {
      const sent = request(
        this.target.url + path,
        { method, agent: this.agent, headers: { ...headers, ...length } },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const text = [...answer.rawHeaders, Buffer.concat(chunks).toString()].join('\n');
            resolvePromise({ status: answer.statusCode ?? 0, text });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
