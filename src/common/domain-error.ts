/** Further facts that a problem document or its headers carry. */
export interface DomainErrorOptions {
  /** What went wrong underneath; logged, never shown. */
  cause?: unknown;
  /** Fields that do not fit, each with its own code. */
  errors?: FieldError[];
  /** Response headers, e.g. `WWW-Authenticate` or `Retry-After`. */
  headers?: Record<string, string>;
}

export interface FieldError {
  field: string;
  code: string;
  message: string;
}

/**
 * What the service refuses, in words for the client. Each feature declares its own in `<feature>.errors.ts`;
 * `DomainErrorFilter` alone renders them. `code` is lower_snake and frozen once published.
 */
export abstract class DomainError extends Error {
  readonly errors?: FieldError[];
  readonly headers: Record<string, string>;

  protected constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    options: DomainErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }
}
