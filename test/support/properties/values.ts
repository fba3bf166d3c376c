import fc, { type Arbitrary } from 'fast-check';
import type { Schema } from './operations.js';

/**
 * Values that exist only while the service runs, by name. Requests hold the names until they are sent (`⟨own.email⟩`), so
 * that a seed gives the same requests at every run, and a counterexample can be read.
 */
export const KNOWN = [
  'own.id', 'own.email', 'own.username', 'own.password', 'own.session', 'own.token', 'own.refreshToken',
  'new.email', 'new.username', 'new.password',
  'other.id', 'other.email', 'other.username', 'other.session', 'other.endedToken', 'other.endedRefreshToken',
  'client.id', 'client.secret', 'client.basic', 'own.basic',
] as const; // prettier-ignore

/** The ids of somebody else's rows, of whatever table: `other.row.0` and so on, as many as there are and over again. */
const ROWS = Array.from({ length: 12 }, (_, index): RowName => `other.row.${index}`);
type RowName = `other.row.${number}`;

export type KnownName = (typeof KNOWN)[number] | RowName;

/** Replaces the names by what they stand for. */
export function resolve(text: string, known: (name: KnownName) => string): string {
  return text.replace(/⟨([\w.]+)⟩/g, (_, name: KnownName) => known(name));
}

const reference = (...names: readonly KnownName[]): Arbitrary<string> =>
  fc.constantFrom(...names.map((name) => `⟨${name}⟩`));

/** An entry of `REDIRECT_URLS`. */
export const ALLOWED_REDIRECT = 'https://shop.test/done';

/** What a caller would most likely put into a field of this name. */
const LIKELY: [RegExp, Arbitrary<string>][] = [
  [/newPassword/, reference('new.password', 'own.password')],
  [/password/i, reference('own.password', 'own.password', 'new.password')],
  [/email|login/i, reference('own.email', 'new.email', 'other.email', 'own.username', 'other.username')],
  [/username/i, reference('new.username', 'own.username', 'other.username')],
  [
    /token|refresh/i,
    reference('own.refreshToken', 'own.token', 'other.endedToken', 'other.endedRefreshToken'),
  ],
  [/redirect/i, fc.constant(ALLOWED_REDIRECT)],
  [/client_id/, reference('client.id')],
  [/client_secret/, reference('client.secret')],
  [/id$/i, fc.oneof(reference('own.session', 'other.session'), reference('own.id', 'other.id', ...ROWS))],
];

/** Texts that have hurt somebody before. */
export const oddText: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '', ' ', '\0', 'a\0b', '\ud800', '\udfff\ud800', '\u202e', '\u200b', '\ufeff', '\r\nBcc: x@y.test', '💥'.repeat(200),
    'e\u0301'.repeat(120), 'ﷺ'.repeat(300), 'null', 'undefined', 'true', 'NaN', '-1', '0', '1e400', '9007199254740993',
    '__proto__', 'constructor', 'toString', "' OR 1=1--", '"; DROP TABLE users; --', '%', '%_%', '%00', '%c0%ae', '../../etc/passwd',
    '<script>alert(1)</script>', '{{7*7}}', '${7*7}', 'a@b', '@', 'a@b@c.test', '"a b"@c.test', 'https://evil.test/', '//evil.test',
    '[object Object]', '00000000-0000-0000-0000-000000000000', 'a'.repeat(256), 'a'.repeat(1025), 'a'.repeat(8193), 'a'.repeat(20_000),
  ), // prettier-ignore
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);

/** JSON of another shape than is expected anywhere. */
export const oddJson: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null, true, false, 0, -0, -1, 1.5, 1e308, 2 ** 53, [], {}, [''], [null], [[]], { $ne: null }, { length: 3 }, { then: 'x' },
    { toString: null }, 'true', 'false',
  ), // prettier-ignore
  fc.constantFrom(20, 33, 400).map((depth) => nested(depth)),
  fc.jsonValue({ maxDepth: 3 }),
  oddText,
);

/** A value that fits a schema, or nearly so; `name` is that of its field or parameter. */
export function valueOf(schema: Schema, name: string): Arbitrary<unknown> {
  const fitting = schema.type === 'string' ? textOf(schema, name) : fittingValue(schema, name);
  if (schema.nullable) return fc.oneof({ weight: 8, arbitrary: fitting }, fc.constant(null));
  return fitting;
}

/** A text as `valueOf`, for where everything is text. */
export function textOf(schema: Schema, name: string): Arbitrary<string> {
  const likely = LIKELY.find(([pattern]) => pattern.test(name))?.[1];
  return fc.oneof(
    { weight: likely ? 15 : 0, arbitrary: likely ?? fc.constant('') },
    { weight: likely ? 3 : 18, arbitrary: fittingText(schema, name) },
    { weight: 1, arbitrary: reference(...KNOWN, ...ROWS) },
    { weight: 1, arbitrary: oddText },
  );
}

function fittingValue(schema: Schema, name: string): Arbitrary<unknown> {
  const { type, minimum = -1000, maximum = 1000 } = schema;
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer') return fc.integer({ min: minimum, max: maximum });
  if (type === 'number') return fc.double({ min: minimum, max: maximum, noNaN: true });
  if (type === 'array') return fc.array(valueOf(schema.items ?? {}, name), { maxLength: 4 });
  if (type === 'object' && schema.properties) return objectOf(schema);
  return type === 'string' ? textOf(schema, name) : fc.jsonValue({ maxDepth: 3 });
}

/** The required fields of a schema, and some of the others. */
export function objectOf({ properties = {}, required = [] }: Schema): Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const entry = valueOf(schema, name).map((value): [string, unknown][] => [[name, value]]);
    const absent = fc.constant<[string, unknown][]>([]);
    return required.includes(name) ? entry : fc.oneof({ weight: 2, arbitrary: absent }, entry);
  });
  return fc.tuple(...fields).map((entries) => Object.fromEntries(entries.flat()));
}

function fittingText(
  { enum: values, format, pattern, minLength, maxLength = 300 }: Schema,
  name: string,
): Arbitrary<string> {
  // Routes that wait for news need not do it here.
  if (name === 'wait') return fc.constant('0');
  if (values) return fc.constantFrom(...values.map(String));
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  if (format === 'uuid') return fc.uuid();
  if (format === 'email') return fc.emailAddress();
  if (format === 'uri') return fc.webUrl();
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(1e14) })
      .map((date) => date.toISOString());
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 300) });
}

function nested(depth: number): unknown {
  return JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;
}
