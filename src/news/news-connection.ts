import { Injectable, Logger } from '@nestjs/common';
import pg from 'pg';
import { Database } from '../database/database.js';

/** A question that takes longer has failed; the connection may be frozen. */
const PATIENCE_MS = 1_500;

/** The connection on which the news are read, apart from the pool, whose business delays nothing here. */
@Injectable()
export class NewsConnection {
  private readonly logger = new Logger('News');
  private client?: pg.Client;

  constructor(private readonly database: Database) {}

  /** The one that there is. */
  get current(): pg.Client | undefined {
    return this.client;
  }

  /** A new one, in the place of any other. It counts before `begin` has asked its first questions. */
  async open(begin: (client: pg.Client) => Promise<void>): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.database.url,
      application_name: 'tokenhouse news',
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      keepAlive: true,
    });
    this.client = client;
    client.on('error', (error) => this.drop(error, client));
    await client.connect();
    await begin(client);
    return client;
  }

  /** Gives it up, if it still is the current one, and says why. */
  drop(error: unknown, client = this.client): void {
    if (!client || client !== this.client) return;
    this.close();
    this.logger.warn(`The news connection failed: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** Does not wait: a frozen connection says no goodbye. */
  close(): void {
    this.client?.end().catch(() => {});
    this.client = undefined;
  }
}
