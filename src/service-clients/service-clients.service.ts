import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Repository } from 'typeorm';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { hashOfSecret, makeSecret } from '../common/random-secret.js';
import { orUnavailable } from '../database/database.errors.js';
import { Database } from '../database/database.js';
import { violatedIndex } from '../database/unique-violation.js';
import type { EventData } from '../events/domain-event.js';
import { DomainEvents } from '../events/domain-events.js';
import type { ClientCredentials } from './client-credentials.js';
import { ServiceClient, type ServiceClientScope } from './service-client.entity.js';
import { ServiceClientNameTaken } from './service-clients.errors.js';

/** No secret has this hash. Compared where there is no client, so that both cost the same. */
const NOBODYS_HASH = Buffer.alloc(32);

/** Other services and their credentials. A secret is told once, when it is made; only its hash is kept. */
@Injectable()
export class ServiceClientsService {
  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
  ) {}

  /** @throws ServiceClientNameTaken */
  async create(
    name: string,
    scopes: ServiceClientScope[],
  ): Promise<{ client: ServiceClient; secret: string }> {
    const id = uuidv7();
    const secret = makeSecret();
    try {
      await this.change(id, 'created', async (clients) => {
        await clients.insert({ id, name, secretHash: hashOfSecret(secret), scopes });
        return true;
      });
    } catch (error) {
      throw violatedIndex(error) === 'service_clients_name' ? new ServiceClientNameTaken() : error;
    }
    return { client: await this.database.getRepository(ServiceClient).findOneByOrFail({ id }), secret };
  }

  /** Every client, the oldest first. */
  async list(): Promise<ServiceClient[]> {
    return this.database.getRepository(ServiceClient).find({ order: { id: 'ASC' } });
  }

  /** Replaces the secret; the former one ends at once. Null when there is no such client, else the new secret. */
  async rotate(id: string): Promise<string | null> {
    if (!isUuid(id)) return null;
    const secret = makeSecret();
    const rotated = await this.change(id, 'secret', async (clients) => {
      const { affected } = await clients.update(id, { secretHash: hashOfSecret(secret) });
      return affected === 1;
    });
    return rotated ? secret : null;
  }

  /** Its credentials end at once. False when there was no such client. */
  async delete(id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    return this.change(id, 'deleted', async (clients) => {
      const { affected } = await clients.delete(id);
      return affected === 1;
    });
  }

  /**
   * The client whose credentials these are. Null when it is unknown or the secret is wrong, after the same work.
   * @throws Unavailable when the database cannot be asked
   */
  async authenticate({ id, secret }: ClientCredentials): Promise<ServiceClient | null> {
    const client = isUuid(id) ? await this.find(id) : null;
    const matches = timingSafeEqual(hashOfSecret(secret), client?.secretHash ?? NOBODYS_HASH);
    return matches ? client : null;
  }

  /** Does `work` and tells of it, where it has changed something. */
  private change(
    clientId: string,
    change: EventData['client.updated']['change'],
    work: (clients: Repository<ServiceClient>) => Promise<boolean>,
  ): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      const changed = await work(manager.getRepository(ServiceClient));
      const event = { type: 'client.updated', userId: null, clientId, change } as const;
      if (changed) await this.events.publish(event, manager);
      return changed;
    });
  }

  /** Guards call it, and no interceptor sees what they throw. */
  private find(id: string): Promise<ServiceClient | null> {
    const found = this.database.getRepository(ServiceClient).findOneBy({ id });
    return found.catch((error: unknown) => {
      throw orUnavailable(error);
    });
  }
}
