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
  private connecting?: Promise<unknown>;

  constructor(url: string) {
    const socket = { reconnectStrategy: () => RECONNECT_MS };
    // Without the queue a ring fails at once while there is no connection.
    this.publisher = createClient({ url, socket, disableOfflineQueue: true });
    this.subscriber = createClient({ url, socket });
    for (const client of [this.publisher, this.subscriber])
      client.on('error', (error) => this.complain(error));
  }

  ring(): void {
    this.publisher.publish(CHANNEL, '').catch((error: unknown) => this.complain(error));
  }

  /** Connects in its own time; after a loss the client subscribes again by itself. */
  async listen(_connection: pg.Client, onRing: () => void): Promise<void> {
    this.onRing = onRing;
    this.connecting ??= Promise.all([this.publisher.connect(), this.subscribe()]).catch((error: unknown) =>
      this.complain(error),
    );
  }

  close(): void {
    for (const client of [this.publisher, this.subscriber]) client.destroy();
  }

  private async subscribe(): Promise<void> {
    await this.subscriber.connect();
    await this.subscriber.subscribe(CHANNEL, () => this.onRing());
  }

  private complain(error: unknown): void {
    this.logger.warn(`Redis does not ring: ${error instanceof Error ? error.message : String(error)}`);
  }
}
