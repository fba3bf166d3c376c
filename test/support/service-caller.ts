import { randomUUID } from 'node:crypto';
import type { ServiceClientScope } from '../../src/service-clients/service-client.entity.js';
import { ServiceClientsService } from '../../src/service-clients/service-clients.service.js';
import type { TestApp } from './app.js';
import { type Answer, Client } from './client.js';

type Form = Record<string, string> | [string, string][];

/** Calls the service as another service does, with credentials of its own. */
export class ServiceCaller {
  private readonly client: Client;

  private constructor(
    target: Pick<TestApp, 'url'>,
    readonly id: string,
    readonly secret: string,
  ) {
    this.client = new Client(target);
  }

  static async create(target: TestApp, ...scopes: ServiceClientScope[]): Promise<ServiceCaller> {
    const { client, secret } = await target.app.get(ServiceClientsService).create(randomUUID(), scopes);
    return new ServiceCaller(target, client.id, secret);
  }

  /** The same client, at another replica. */
  at(target: Pick<TestApp, 'url'>): ServiceCaller {
    return new ServiceCaller(target, this.id, this.secret);
  }

  get authorization(): string {
    return basic(this.id, this.secret);
  }

  get(path: string): Promise<Answer> {
    return this.client.get(path, { headers: { authorization: this.authorization } });
  }

  post(path: string, form: Form, headers: Record<string, string> = {}): Promise<Answer> {
    return this.client.request('POST', path, {
      form,
      headers: { authorization: this.authorization, ...headers },
    });
  }

  introspect(token: string, more: Record<string, string> = {}): Promise<Answer> {
    return this.post('/oauth/introspect', { token, ...more });
  }

  revoke(token: string, more: Record<string, string> = {}): Promise<Answer> {
    return this.post('/oauth/revoke', { token, ...more });
  }
}

/** HTTP Basic credentials. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}
