import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import ts from 'typescript';

/** An attack that is replayed against the service. */
interface Case {
  /** What is sent or done, as Markdown. */
  what: string;
  /** Requirements of OWASP ASVS 5.0 that it proves, in the part that it touches. */
  asvs: string[];
  /** The feature that it waits for. */
  later?: string;
}

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['test', 'examples'].map((folder) => join(ROOT, folder));
const ID = /\b(?:JWT|ENUM|RST|HJK|RFR|MFA|BRF|INJ|UNI|PWD|WEB|HTTP|LOG|AUTHZ|RES)-\d\d\b/g;

/** Every case by its id, in the order of the page. */
export const CASES = JSON.parse(readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8')) as Record<
  string,
  Case
>;

/** The test files, from the root of the project, that name each id in a title: any text of theirs but a comment. */
export function testsById(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of FOLDERS.flatMap(testFiles).sort()) {
    for (const id of idsIn(file)) {
      found.set(id, [...(found.get(id) ?? []), relative(ROOT, file).split(sep).join('/')]);
    }
  }
  return found;
}

/** The cases with their tests and requirements, as a Markdown table. */
export function attackTable(): string {
  const tests = testsById();
  const rows = Object.entries(CASES).map(([id, { what, asvs, later }]) => {
    const files = (tests.get(id) ?? []).map((file) => `[${basename(file, '.test.ts')}](../${file})`);
    const proof = files.length > 0 ? files.join(', ') : later === undefined ? '' : `with ${later}`;
    return `| ${id} | ${what} | ${proof} | ${asvs.join(', ')} |`;
  });
  return ['| Case | What is tried | Tests | ASVS 5.0 |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('node_modules'));
}

function idsIn(file: string): Set<string> {
  const ids = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) {
      for (const [id] of node.text.matchAll(ID)) ids.add(id);
    }
    node.forEachChild(visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest));
  return ids;
}
