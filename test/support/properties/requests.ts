import fc, { type Arbitrary } from 'fast-check';
import type { Operation, Parameter } from './operations.js';
import { contentOf, oddContent } from './contents.js';
import { credentialFor, headersBeside } from './headers.js';
import { unknownNames } from './names.js';
import { oddText, textOf } from './values.js';

/** A request in which the values that only a running service has still stand by their names. */
export interface AnyRequest {
  path: string;
  query: Pair[];
  headers: Record<string, string>;
  /** As it is sent. */
  body?: string;
}

type Pair = [name: string, value: string];

/** Requests to an operation: most of them as it wants them, or wrong in one thing or two. */
export function requestTo(operation: Operation): Arbitrary<AnyRequest> {
  const { path, parameters, body } = operation;
  return fc
    .record({
      path: pathOf(path, parameters),
      query: queryOf(parameters.filter((parameter) => parameter.in === 'query')),
      credential: credentialFor(operation),
      more: sometimes(headersBeside, {}),
      content: body ? contentOf(body.contentType, body.schema) : sometimes(oddContent, {}),
    })
    .map(({ credential, more, content: { contentType, text }, ...rest }) => ({
      ...rest,
      headers: { ...more, ...credential, ...(contentType !== undefined && { 'content-type': contentType }) },
      ...(text !== undefined && { body: text }),
    }));
}

function pathOf(path: string, parameters: Parameter[]): Arbitrary<string> {
  const parts = path.split(/(\{\w+\})/).map((part) => {
    const parameter = parameters.find(({ name }) => part === `{${name}}`);
    // What is no valid text of UTF-16 has no encoding.
    return parameter
      ? textOf(parameter.schema, parameter.name).map((text) => encodeText(text.toWellFormed()))
      : fc.constant(part);
  });
  return fc.tuple(...parts).map((texts) => texts.join(''));
}

/** Percent-encoded, but for the names of known values. */
function encodeText(text: string): string {
  return /^⟨[\w.]+⟩$/.test(text) ? text : encodeURIComponent(text);
}

function queryOf(parameters: Parameter[]): Arbitrary<Pair[]> {
  const known = parameters.map(({ name, required, schema }): Arbitrary<Pair[]> =>
    fc.oneof(
      { weight: 8, arbitrary: textOf(schema, name).map((text): Pair[] => [[name, text]]) },
      { weight: required ? 1 : 12, arbitrary: fc.constant<Pair[]>([]) },
      {
        weight: 1,
        arbitrary: fc.tuple(oddText, oddText).map((texts) => texts.map((text): Pair => [name, text])),
      },
      { weight: 1, arbitrary: oddText.map((text): Pair[] => [[`${name}[]`, text]]) },
    ),
  );
  const unknown = fc.tuple(fc.oneof(unknownNames, oddText), oddText);
  return fc
    .tuple(fc.tuple(...known), sometimes(fc.array(unknown, { minLength: 1, maxLength: 3 }), []))
    .map(([pairs, more]) =>
      [...pairs.flat(), ...more].map(([a, b]): Pair => [a.toWellFormed(), b.toWellFormed()]),
    );
}

function sometimes<T>(arbitrary: Arbitrary<T>, otherwise: T): Arbitrary<T> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary });
}
