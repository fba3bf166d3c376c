import { readFileSync } from 'node:fs';

/** What OpenAPI 3.0 says of a value; only the words that our document uses. */
export interface Schema {
  type?: 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object';
  format?: string;
  pattern?: string;
  enum?: unknown[];
  nullable?: boolean;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  allOf?: Schema[];
  $ref?: string;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}

/** One method of one path of `openapi.json`, with every reference followed. */
export interface Operation {
  /** E.g. `DELETE /api/user/sessions/{id}`. */
  title: string;
  method: string;
  path: string;
  parameters: Parameter[];
  body?: { contentType: string; schema: Schema };
  /** The ways in which a caller may prove who they are; none for open routes. */
  credentials: string[];
}

interface Document {
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, Schema> };
}

interface OperationObject {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  security?: Record<string, unknown>[];
}

/** Every operation of the document: a route that is new is among them by itself. */
export function readOperations(): Operation[] {
  const { paths, components } = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;
  const follow = (schema: Schema): Schema => followed(schema, components.schemas);
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([name, { parameters = [], requestBody, security = [] }]) => {
      const method = name.toUpperCase();
      const [content] = Object.entries(requestBody?.content ?? {});
      return {
        title: `${method} ${path}`,
        method,
        path,
        parameters: parameters.map((parameter) => ({ ...parameter, schema: follow(parameter.schema) })),
        ...(content && { body: { contentType: content[0], schema: follow(content[1].schema) } }),
        credentials: security.flatMap((way) => Object.keys(way)),
      };
    }),
  );
}

/** @throws RangeError when a schema holds itself, which none of ours does */
function followed({ $ref, allOf, ...schema }: Schema, schemas: Record<string, Schema>): Schema {
  const follow = (one: Schema): Schema => followed(one, schemas);
  const named = $ref?.split('/').at(-1);
  const parts = [...(allOf ?? []), ...(named === undefined ? [] : [schemas[named] ?? {}])].map(follow);
  const merged: Schema = Object.assign({}, ...parts, schema);
  if (merged.items) merged.items = follow(merged.items);
  if (merged.properties) {
    const entries = Object.entries(merged.properties).map(([name, one]) => [name, follow(one)] as const);
    merged.properties = Object.fromEntries(entries);
  }
  return merged;
}
