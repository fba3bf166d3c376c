import type { Type } from '@nestjs/common';
import type { DomainError } from './domain-error.js';
import type { HttpRequest } from './http.js';

/** How refusals are told to clients: by problem documents, unless a route's protocol has words of its own. */
export interface ErrorFormat {
  readonly name: 'problem' | 'oauth';
  readonly mediaType: string;
  /** The class that describes its bodies. */
  readonly model: Type;
  /** The member of a body by which clients tell one error from another. */
  readonly nameMember: string;
  readonly nameOf: (error: DomainError) => string;
  readonly bodyOf: (error: DomainError, request: HttpRequest & { url: string }) => object;
}
