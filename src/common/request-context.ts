import { AsyncLocalStorage } from 'node:async_hooks';
import type { HttpRequest } from './http.js';

/** Whence a request comes. */
export interface RequestOrigin {
  readonly requestId: string;
  /** The client's address behind the trusted proxies. */
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** What is known about the request being served, readable from any provider. */
export interface RequestContext extends RequestOrigin {
  /** The `Accept-Language`, as it was sent. */
  readonly languages?: string | null;
  /** Who the request speaks for; set by the guard alone, which knows more of them (see guard/principal.ts). */
  principal?: {
    readonly user: { readonly id: string };
    readonly session: { readonly id: string; readonly impersonatorId?: string | null };
  };
  /** The service that asks in its own name; set by the guard of the routes for those. */
  serviceClient?: { readonly id: string };
}

/** What is stored of a `User-Agent`; whoever sends more tells nothing more. */
export const MAX_USER_AGENT_LENGTH = 512;
/** A host application may take it from a header. */
const MAX_REQUEST_ID_LENGTH = 128;

const storage = new AsyncLocalStorage<RequestContext | undefined>();

/**
 * Runs `work` with `context` as the current request, for work outside HTTP too (a job, a message handler). Null: for no
 * request, also when one sets it off.
 */
export function runInContext<T>(context: RequestContext | null, work: () => T): T {
  return storage.run(context ?? undefined, work);
}

/** The request being served; undefined outside of one. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** Whence the request being served comes, to be kept for what is done later because of it. */
export function currentOrigin(): RequestOrigin | null {
  const context = currentContext();
  if (!context) return null;
  const { requestId, ip, userAgent } = context;
  return {
    requestId: requestId.slice(0, MAX_REQUEST_ID_LENGTH),
    ip,
    userAgent: userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
  };
}

/** The name of a request in the logs and in what clients are told; empty when it has none. */
export function requestIdOf({ id }: HttpRequest): string {
  return currentContext()?.requestId ?? (typeof id === 'string' ? id : '');
}
