/** As far as it is used here. Its own types would bring another version of Node's. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  export interface Client extends EventEmitter {
    setBody(body: string): void;
    setRequests(requests: { headers: Record<string, string> }[]): void;
  }

  export interface Options {
    url: string | string[];
    connections?: number;
    /** Seconds. */
    duration?: number;
    /** Milliseconds. */
    sampleInt?: number;
    /** A new connection after so many requests. */
    reconnectRate?: number;
    method?: string;
    headers?: Record<string, string>;
    setupClient?: (client: Client) => void;
  }

  export interface Result {
    '2xx': number;
    non2xx: number;
    errors: number;
    start: Date;
    finish: Date;
    statusCodeStats: Record<string, { count: number }>;
  }

  export default function autocannon(options: Options): Promise<Result> & { stop(): void };
}
