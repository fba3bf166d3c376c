import { Logger } from '@nestjs/common';
import { backoffSeconds } from '../common/backoff.js';
import { failureText } from '../common/failure-text.js';
import { TableWorker, type WorkSource } from '../common/table-worker.js';
import type { DeliveredEvent } from './domain-event.js';
import type { Delivery, EventDeliveries } from './event-deliveries.js';
import type { StoredEvent } from './stored-event.entity.js';

/**
 * Takes an event to where it belongs; called again, later, when it rejects.
 * @param signal says when it has taken too long, or the process ends: then it must stop, because it is called again
 */
export type EventHandler = (event: DeliveredEvent, signal: AbortSignal) => Promise<void>;

const AT_ONCE = 4;
/** Shorter than the lease. */
const TIMEOUT_MS = 30_000;

/** Brings events to one subscriber in this process; of each person one after the other. */
export class EventWorker implements WorkSource<Delivery> {
  readonly atOnce = AT_ONCE;
  private readonly logger = new Logger(EventWorker.name);
  private readonly worker = new TableWorker(this);
  private readonly stopping = new AbortController();

  /** @param types null: all */
  constructor(
    private readonly subscriber: string,
    private readonly types: readonly string[] | null,
    private readonly handler: EventHandler,
    private readonly deliveries: EventDeliveries,
  ) {}

  get wake(): () => void {
    return this.worker.wake;
  }

  gets(type: string): boolean {
    return this.types === null || this.types.includes(type);
  }

  /** Whether it asked for this type by its name. */
  asksFor(type: string): boolean {
    return this.types?.includes(type) ?? false;
  }

  async start(): Promise<void> {
    await this.deliveries.subscribe(this.subscriber, this.types);
    this.worker.start();
  }

  stop(): Promise<void> {
    return this.worker.stop(() => this.stopping.abort(new Error('The process ends.')));
  }

  claim(limit: number): Promise<Delivery[]> {
    return this.deliveries.claim(this.subscriber, limit);
  }

  async perform(delivery: Delivery): Promise<void> {
    try {
      await this.handle(delivery.event);
      await this.deliveries.finish(this.subscriber, delivery);
    } catch (error) {
      await this.putBack(delivery, error);
    }
  }

  onBlind(error: unknown): void {
    this.logger.warn(`Nothing is delivered to "${this.subscriber}" now: ${describe(error)}`);
  }

  /** Ends by itself when the handler does not. */
  private async handle(event: StoredEvent): Promise<void> {
    const attempt = new AbortController();
    const aborted = new Promise<never>((_resolve, reject) => {
      attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason as Error));
    });
    // By hand: of what `AbortSignal.any` gives, Node.js 20 keeps something for as long as the process lives.
    const ends = [this.stopping.signal, AbortSignal.timeout(TIMEOUT_MS)];
    const end = ({ target }: Event): void => attempt.abort((target as AbortSignal).reason);
    for (const signal of ends) signal.addEventListener('abort', end);
    // Begun in a promise, so that one that throws at once does not leave `aborted` to nobody.
    const handled = Promise.resolve().then(() => this.handler(delivered(event), attempt.signal));
    try {
      await Promise.race([handled, aborted]);
    } finally {
      for (const signal of ends) signal.removeEventListener('abort', end);
    }
  }

  private async putBack(delivery: Delivery, reason: unknown): Promise<void> {
    const { event, attempts, last } = delivery;
    const name = `${event.type} (${event.id}) for "${this.subscriber}"`;
    const error = describe(reason);
    const seconds = this.stopping.signal.aborted ? 0 : backoffSeconds(attempts);
    try {
      if (last) await this.deliveries.finish(this.subscriber, delivery);
      else await this.deliveries.postpone(this.subscriber, delivery, { seconds, error });
      if (last) this.logger.error(`${name} is given up after ${attempts} attempt(s): ${error}`);
      else this.logger.warn(`${name} waits ${seconds} s after attempt ${attempts}: ${error}`);
    } catch (failure) {
      this.logger.warn(`${name} waits for its lease to end: ${error}; ${describe(failure)}`);
    }
  }
}

function delivered({ seq: _seq, data, actor: kind, actorId, ...stored }: StoredEvent): DeliveredEvent {
  const { impersonatorId, ...facts } = stored;
  return { ...data, ...facts, actor: { kind, id: actorId, impersonatorId } } as DeliveredEvent;
}

function describe(error: unknown): string {
  return failureText(error instanceof Error ? error.message : String(error));
}
