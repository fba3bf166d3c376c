import fc, { type Arbitrary } from 'fast-check';
import { unknownNames } from './names.js';
import type { Schema } from './operations.js';
import { objectOf, oddJson, oddText } from './values.js';

type Entry = [name: string, value: unknown];

/** A body, and what it is said to be. */
export interface Content {
  contentType?: string;
  text?: string;
}

/** Bodies of a route: fitting ones, ones with a thing or two wrong, and what is none at all. */
export function contentOf(contentType: string, schema: Schema): Arbitrary<Content> {
  const write = contentType === 'application/json' ? toJson : toForm;
  const fields = objectOf(schema);
  const fitting = fields.map((object) => write(Object.entries(object)));
  const names = Object.keys(schema.properties ?? {});
  const nearMiss = fc
    .tuple(fields, fc.array(changeOf(names), { minLength: 1, maxLength: 2 }))
    .map(([object, changes]) =>
      write(changes.reduce((entries, change) => change(entries), Object.entries(object))),
    );
  return fc.oneof(
    { weight: 9, arbitrary: fitting.map((text) => ({ contentType, text })) },
    { weight: 4, arbitrary: nearMiss.map((text) => ({ contentType, text })) },
    { weight: 1, arbitrary: brokenText.map((text) => ({ contentType, text })) },
    { weight: 1, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.tuple(oddContentType, fitting).map(([odd, text]) => ({ contentType: odd, text })),
    },
  );
}

type Change = (entries: Entry[]) => Entry[];

/** One thing wrong with a body. */
function changeOf(names: string[]): Arbitrary<Change> {
  const add = fc
    .tuple(fc.oneof(unknownNames, oddText), oddJson)
    .map(([name, value]): Change => (entries) => [...entries, [name, value]]);
  if (names.length === 0) return add;
  const name = fc.constantFrom(...names);
  const replace = fc
    .tuple(name, oddJson)
    .map(([field, value]): Change => (entries) => [...without(entries, field), [field, value]]);
  const repeat = fc
    .tuple(name, oddJson)
    .map(([field, value]): Change => (entries) => [...entries, [field, value]]);
  const drop = name.map(
    (field): Change =>
      (entries) =>
        without(entries, field),
  );
  return fc.oneof({ weight: 4, arbitrary: replace }, { weight: 2, arbitrary: add }, drop, repeat);
}

function without(entries: Entry[], field: string): Entry[] {
  return entries.filter(([name]) => name !== field);
}

/** By hand, so that a member may be there twice and be called `__proto__`. */
function toJson(entries: Entry[]): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
}

function toForm(entries: Entry[]): string {
  const pairs = entries.map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  // The names of known values stay as they are.
  return new URLSearchParams(pairs).toString().replace(/%E2%9F%A8([\w.]+)%E2%9F%A9/g, '⟨$1⟩');
}

const brokenText: Arbitrary<string> = fc.oneof(
  oddJson.map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '',
    '{',
    '{}x',
    '{"a":1,}',
    "{'a':1}",
    '\ufeff{}',
    'NaN',
    '[',
    '{"a":"\u0001"}',
    '{"a":1}{"b":2}',
    '"',
    '&&==',
    '=',
    '%zz=%',
  ),
  oddText,
);

const oddContentType = fc.constantFrom(
  '', 'json', 'text/plain', 'text/html', 'application/xml', 'application/json-patch+json', 'application/json; charset=utf-16',
  'application/json;charset=utf-7', 'application/JSON ; charset="UTF-8"', 'multipart/form-data; boundary=x', 'multipart/form-data',
  'application/x-www-form-urlencoded', 'application/octet-stream', 'application/json, text/plain', ';', 'a/b/c',
); // prettier-ignore

/** For a route that takes no body. */
export const oddContent: Arbitrary<Content> = fc.record({
  contentType: fc.oneof(fc.constant('application/json'), oddContentType),
  text: fc.oneof(fc.constant('{}'), brokenText),
});
