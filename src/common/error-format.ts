import type { Type } from '@nestjs/common';
import type { DomainError } from './domain-error.js';
import type { HttpRequest } from './http.js';

/** How refusals are told to clients: by problem documents, unless a route's protocol has words of its own. */
export interface ErrorFormat {
  /** Unique. */
  readonly name: string;
  readonly mediaType: string;
  /** The class that describes its bodies. */
  readonly model: Type;
  /** The member of a body by which clients tell one error from another. */
  readonly nameMember: string;
  readonly nameOf: (error: DomainError) => string;
  readonly bodyOf: (error: DomainError, request: HttpRequest & { url: string }) => object;
}

const formats = new Map<string, ErrorFormat>();

/** Makes a format known by its name; called while modules load. */
export function defineErrorFormat(format: ErrorFormat): ErrorFormat {
  formats.set(format.name, format);
  return format;
}

export function findErrorFormat(name: string | undefined): ErrorFormat | undefined {
  return name === undefined ? undefined : formats.get(name);
}
