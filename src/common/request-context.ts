import { AsyncLocalStorage } from 'node:async_hooks';
import type { HttpRequest } from './http.js';

/** What is known about the request being served, readable from any provider. */
export interface RequestContext {
  readonly requestId: string;
  /** The client's address behind the trusted proxies. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** Who the request speaks for; set by the guard alone (see guard/principal.ts). */
  principal?: object;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` with `context` as the current request, for work outside HTTP too (a job, a message handler). */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** The request being served; undefined outside of one. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** The name of a request in the logs and in what clients are told; empty when it has none. */
export function requestIdOf({ id }: HttpRequest): string {
  return currentContext()?.requestId ?? (typeof id === 'string' ? id : '');
}
