import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const DOCS = resolve('docs');
const BLOCK = /^```ts\n([\s\S]*?)^```$/gm;

/** What Nuxt has in every file of its server. */
const NUXT = 'declare function defineEventHandler(handler: (event: never) => unknown): unknown;';

/** The TypeScript on a page that uses the package, and no file beside it; by the file it would be. */
async function snippetsOf(page: string): Promise<[string, string][]> {
  const blocks = [...(await readFile(join(DOCS, page), 'utf8')).matchAll(BLOCK)].map(([, code = '']) => code);
  const whole = blocks.filter((code) => /from 'tokenhouse/.test(code) && !/from '\./.test(code));
  return whole.map((code, n) => [join(DOCS, `${page.replace('.md', '')}-${n + 1}.ts`), code]);
}

/** What the compiler says of files that are nowhere but here. */
function complaintsAbout(files: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, resolve('.'));
  const host = ts.createCompilerHost({ ...options, noEmit: true });
  const { fileExists, readFile: read } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? read(path);
  const program = ts.createProgram([...files.keys()], { ...options, noEmit: true }, host);
  const ofSnippets = [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  });
  return ofSnippets.map(({ file, messageText }) => {
    return `${file?.fileName.slice(DOCS.length)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

describe('what the documentation shows', () => {
  it('is TypeScript that compiles against the package', { timeout: 120_000 }, async () => {
    const pages = (await readdir(DOCS)).filter((name) => name.endsWith('.md'));
    const files = new Map((await Promise.all(pages.map(snippetsOf))).flat());
    expect(files.size).toBeGreaterThan(10);
    expect(complaintsAbout(files.set(join(DOCS, 'nuxt.d.ts'), NUXT))).toEqual([]);
  });
});
