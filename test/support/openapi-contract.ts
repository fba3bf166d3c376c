import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';

/** An answer as it leaves the service. */
export interface Exchange {
  method: string;
  /** As in the document, e.g. `/api/user/sessions/{id}`. */
  path: string;
  status: number;
  contentType: string;
  /** The names of its headers, in lower case. */
  headers: string[];
  body: string;
}

interface ResponseObject {
  headers?: object;
  content?: Record<string, unknown>;
}

/** Headers that generated clients act upon; an answer must not carry them undocumented. */
const DOCUMENTED_HEADERS = ['retry-after', 'set-cookie', 'www-authenticate'];

/** What an OpenAPI document promises of answers. */
export class Contract {
  /** `nullable` of OpenAPI 3.0 is a word that Ajv knows; `example` and the like are none that it checks. */
  private readonly ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true });

  constructor(private readonly document: OpenAPIObject) {
    // A CommonJS module; TypeScript and Node disagree about where its default export is.
    ajvFormats.default(this.ajv);
    this.ajv.addSchema(withoutExtraFields(document), 'openapi');
  }

  /** In words, how an answer differs from what is documented; null if it does not. */
  violationOf(exchange: Exchange): string | null {
    const { method, path, status } = exchange;
    const operation = this.document.paths[path]?.[method.toLowerCase() as 'get'];
    const at = `${method} ${path} → ${status}`;
    if (!operation) return `${at}: the route is not documented`;
    const response = operation.responses[String(status)] as ResponseObject | undefined;
    if (!response) return `${at}: the status is not documented; it says ${exchange.body.slice(0, 200)}`;
    const problem = this.headerViolation(response, exchange) ?? this.bodyViolation(response, exchange);
    return problem && `${at}: ${problem}`;
  }

  private headerViolation({ headers = {} }: ResponseObject, exchange: Exchange): string | null {
    const documented = Object.keys(headers).map((name) => name.toLowerCase());
    const extra = DOCUMENTED_HEADERS.filter(
      (name) => exchange.headers.includes(name) && !documented.includes(name),
    );
    return extra.length > 0 ? `the header ${extra.join(', ')} is not documented` : null;
  }

  private bodyViolation({ content = {} }: ResponseObject, exchange: Exchange): string | null {
    const [documented] = Object.keys(content);
    const { method, path, status, contentType, body } = exchange;
    if (documented === undefined) return body === '' ? null : 'it has a body, and none is documented';
    if (contentType.split(';', 1)[0] !== documented) return `it is ${contentType}, not ${documented}`;
    const validate = this.validator(
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      documented,
      'schema',
    );
    return validate(parsed(body)) ? null : (validate.errors ?? []).map(inWords).join('; ');
  }

  private validator(...names: string[]): ValidateFunction {
    const pointer = names.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
    const validate = this.ajv.getSchema(`openapi#/${encodeURI(pointer)}`);
    if (!validate) throw new Error(`The document has no ${pointer}.`);
    return validate;
  }
}

/** Undefined, which fits no schema, for what is no JSON. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Our bodies hold what is documented and nothing more; a field that slipped in is a leak (AUTHZ-06). */
function withoutExtraFields(document: OpenAPIObject): AnySchemaObject {
  const schemas = Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => [
    name,
    { additionalProperties: false, ...schema },
  ]);
  return { ...document, components: { schemas: Object.fromEntries(schemas) as object } };
}

function inWords({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath || 'the body'} ${message ?? ''} ${JSON.stringify(params)}`;
}
