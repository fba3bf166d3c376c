import autocannon, { type Client, type Options } from 'autocannon';

export const CONNECTIONS = 50;

/** The service closes a connection after so many requests (see `createHttpAdapter`); nobody is to be cut off by that. */
const REQUESTS_PER_CONNECTION = 1_000;

export interface Load {
  readonly url: string | string[];
  readonly seconds: number;
  readonly connections?: number;
  /** Those of different people: each connection is that of one or of a few. */
  readonly headers?: readonly Record<string, string>[];
}

export interface Answered {
  readonly count: number;
  readonly perSecond: number;
}

export interface RunningLoad {
  readonly done: Promise<Answered>;
  stop(): void;
}

/** Sends the next request as soon as one is answered. @throws when one is not answered 2xx */
export function load(options: Load): Promise<Answered> {
  return startLoad(options).done;
}

/** The same, to be stopped before its time. */
export function startLoad({ seconds, connections = CONNECTIONS, headers = [], url }: Load): RunningLoad {
  let started = 0;
  const setupClient = (client: Client): void => {
    // One credential is that of several connections only where there are too few.
    const first = started++ % headers.length;
    const own = headers.filter((_, n) => n % connections === first);
    if (own.length > 0) client.setRequests(own.map((each) => ({ headers: each })));
  };
  return run({ url, connections, duration: seconds, setupClient });
}

export interface Exchange {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  /** What is sent first; each connection has its share of them, and sends those in turn. */
  readonly bodies: readonly string[];
  /** What is sent in its place the next time, from the answer. */
  readonly next: (answer: string) => string;
}

/** Posts JSON; what a connection sends next depends on what it was answered. @throws as `load` */
export async function exchange({ url, seconds, connections, bodies, next }: Exchange): Promise<Answered> {
  const unused = [...bodies];
  let unexpected: unknown;
  const setupClient = (client: Client): void => {
    const own = unused.splice(0, bodies.length / connections);
    const sendNext = (): unknown => client.setBody(own.shift() ?? '');
    sendNext();
    client.on('body', (answer: Buffer) => {
      try {
        own.push(next(answer.toString()));
        sendNext();
      } catch (error) {
        unexpected ??= error;
      }
    });
  };
  const headers = { 'content-type': 'application/json' };
  const options = {
    url,
    connections,
    duration: seconds,
    method: 'POST',
    headers,
    setupClient,
  };
  const answered = await run(options).done;
  if (unexpected) throw unexpected as Error;
  return answered;
}

function run(options: Options): RunningLoad {
  const running = autocannon({ sampleInt: 100, reconnectRate: REQUESTS_PER_CONNECTION, ...options });
  const done = running.then(({ '2xx': count, non2xx, errors, statusCodeStats, start, finish }) => {
    if (non2xx > 0 || errors > 0) {
      const statuses = JSON.stringify(statusCodeStats);
      throw new Error(
        `Not every request to ${String(options.url)} was answered well: ${statuses}, ${errors} errors.`,
      );
    }
    return { count, perSecond: (count * 1_000) / (finish.getTime() - start.getTime()) };
  });
  return { done, stop: () => running.stop() };
}
