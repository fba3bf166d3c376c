import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
}

/** `| 401 | `code` | meaning | advice |` */
const ROW = /^\| (\d{3}) \| `([a-z_]+)` \| (.+) \| (.+) \|$/gm;

/** Every pair of status and code in the document, e.g. `401 token_missing`. */
function codesOf({ paths }: Document): Set<string> {
  const responses = Object.values(paths).flatMap((item) =>
    Object.values(item).flatMap((operation) => Object.entries(operation.responses)),
  );
  const pairs = responses.flatMap(([status, response]) =>
    [...JSON.stringify(response).matchAll(/"code":\{"type":"string","enum":\[([^\]]*)\]/g)].flatMap(
      ([, codes = '']) => codes.split(',').map((code) => `${status} ${JSON.parse(code)}`),
    ),
  );
  return new Set(pairs);
}

describe('docs/errors.md', () => {
  let rows: RegExpExecArray[];
  let documented: Set<string>;

  beforeAll(async () => {
    rows = [...(await readFile('docs/errors.md', 'utf8')).matchAll(ROW)];
    documented = codesOf(JSON.parse(await readFile('openapi.json', 'utf8')) as Document);
  });

  it('has every code of openapi.json, and no other', () => {
    expect(documented.size).toBeGreaterThan(20);
    const onPage = rows.map(([, status, code]) => `${status} ${code}`);
    expect(onPage.sort()).toEqual([...documented].sort());
  });

  it('says of each what it means and what a client does', () => {
    for (const [, , code, meaning, advice] of rows) {
      expect([code, meaning?.endsWith('.'), advice?.endsWith('.')]).toEqual([code, true, true]);
    }
  });
});
