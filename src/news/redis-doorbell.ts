import { createClient } from '@redis/client';
import { Logger } from '@nestjs/common';
import type pg from 'pg';
import type { Doorbell } from './doorbell.js';

const CHANNEL = 'tokenhouse:news';
const RECONNECT_MS = 1_000;

/** Pub/sub of Redis or Valkey, which passes where `LISTEN` does not. While it is away the followers still look. */
export class RedisDoorbell implements Doorbell {
  private readonly logger = new Logger('News');
  private readonly publisher;
  private readonly subscriber;
  private onRing: () => void = () => {};
  private isAway = false;

  constructor(url: string) {
    const socket = { reconnectStrategy: () => RECONNECT_MS };
    // Without the queue a ring fails at once while there is no connection.
    this.publisher = createClient({ url, socket, disableOfflineQueue: true });
    this.subscriber = createClient({ url, socket });
    const hear = (): void => this.onRing();
    this.subscriber.on('ready', () => {
      this.isAway = false;
      this.subscriber.subscribe(CHANNEL, hear).catch((error: unknown) => this.complain(error));
    });
    for (const client of [this.publisher, this.subscriber])
      client.on('error', (error) => this.complain(error));
  }

  ring(): void {
    this.publisher.publish(CHANNEL, '').catch((error: unknown) => this.complain(error));
  }

  /** Connects in its own time, and again after every loss. */
  async listen(_connection: pg.Client, onRing: () => void): Promise<void> {
    this.onRing = onRing;
    for (const client of [this.publisher, this.subscriber]) {
      if (!client.isOpen) client.connect().catch((error: unknown) => this.complain(error));
    }
  }

  close(): void {
    for (const client of [this.publisher, this.subscriber]) client.destroy();
  }

  /** Once, until it is back. */
  private complain(error: unknown): void {
    if (this.isAway) return;
    this.isAway = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn(`Redis does not ring, so replicas look by themselves, twice a second: ${reason}`);
  }
}
