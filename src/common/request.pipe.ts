import {
  type ArgumentMetadata,
  Injectable,
  type PipeTransform,
  SetMetadata,
  type ValidationError,
  ValidationPipe,
  type ValidationPipeOptions,
} from '@nestjs/common';
import { assertSafeJson } from './json-body.js';
import { MalformedRequest, ValidationFailed } from './common.errors.js';
import type { FieldError } from './domain-error.js';

const IGNORE_UNKNOWN = 'tokenhouse:ignore-unknown-fields';

/** Marks a body whose unknown fields are dropped; all others refuse them. */
export const IgnoreUnknownFields = (): ClassDecorator => SetMetadata(IGNORE_UNKNOWN, true);

const options: ValidationPipeOptions = {
  transform: true,
  whitelist: true,
  forbidUnknownValues: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors) => new ValidationFailed(errors.flatMap((error) => fieldErrors(error))),
};

/** Checks bodies and queries against their DTO class; nothing is converted, and no value is echoed. */
@Injectable()
export class RequestPipe implements PipeTransform {
  private readonly strict = new ValidationPipe({ ...options, forbidNonWhitelisted: true });
  private readonly lenient = new ValidationPipe(options);

  /** @throws ValidationFailed, MalformedRequest when a body is no object */
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { type, metatype } = metadata;
    if (type === 'custom' || metatype === undefined) return value;
    const ignoresUnknown = Reflect.getMetadata(IGNORE_UNKNOWN, metatype) === true;
    const validation = ignoresUnknown ? this.lenient : this.strict;
    return validation.transform(type === 'body' ? bodyObject(value) : value, metadata);
  }
}

function bodyObject(body: unknown = {}): object {
  assertSafeJson(body);
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  if (!isObject) throw new MalformedRequest('The body must be a JSON object.');
  return body;
}

function fieldErrors(error: ValidationError, path = ''): FieldError[] {
  const field = path + error.property;
  const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) => {
    const unknown = constraint === 'whitelistValidation';
    return { field, code: unknown ? 'unknown_field' : snakeCase(constraint), message };
  });
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, `${field}.`))];
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
