import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** Words that name secrets, and what is made of them, at the end of a name. */
const SECRET =
  /(token|secret|password|passphrase|hash|digest|mac|signature|code|mark|verifier|nonce|challenge)(?:e?s|Of)?$/i;
const EQUALITY = new Set(['===', '!==', '==', '!=']);
/** Methods that tell how far two values are alike. */
const COMPARING = new Set(['equals', 'compare', 'localeCompare', 'startsWith', 'endsWith', 'indexOf']);

/** Comparisons that only look so, each with the reason why it is none. */
const HARMLESS: [file: string, comparison: string, reason: string][] = [
  [
    'passwords/passwords.service.ts',
    "newPassword.normalize('NFC') === currentPassword.normalize('NFC')",
    'both come from the same caller',
  ],
  [
    'registration/registration.dto.ts',
    'value === (args?.object as RegisterDto).password',
    'both come from the same caller',
  ],
  [
    'tokens/refresh-tokens.ts',
    "bytes.toString('base64url') !== token",
    'a token with itself, decoded and encoded',
  ],
  [
    'tokens/token-memory.ts',
    'entry?.token === token',
    'found by its end already, which is the signature, so nothing is left to guess',
  ],
  ['testing/test-issuer.ts', 'clientSecret !== credentials?.secret', 'an issuer for tests'],
  [
    'database/embedded/embedded-postgres.ts',
    '(error as { code?: string }).code !== invalidCatalogName',
    'the code of a database error',
  ],
];

/** What an expression is called: its last name, before what is called on it. */
function nameOf(node: ts.Node): string {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
    return node.argumentExpression.text;
  }
  if (ts.isCallExpression(node)) {
    const { expression } = node;
    const called = nameOf(expression);
    return SECRET.test(called) || !ts.isPropertyAccessExpression(expression)
      ? called
      : nameOf(expression.expression);
  }
  const inner = (node as { expression?: ts.Node }).expression;
  return inner ? nameOf(inner) : '';
}

/** What stands in the source, constants, `null`, `undefined`, `typeof` and the like: nothing secret to compare with. */
function isPlain(node: ts.Node): boolean {
  if (ts.isIdentifier(node)) return /^([A-Z][A-Z\d_]*|undefined)$/.test(node.text);
  return (
    ts.isLiteralExpression(node) ||
    ts.isTypeOfExpression(node) ||
    [ts.SyntaxKind.NullKeyword, ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword].includes(node.kind)
  );
}

/** The sides of a comparison that stops at the first difference; none of anything else. */
function sidesOf(node: ts.Node): ts.Node[] {
  if (ts.isBinaryExpression(node)) {
    return EQUALITY.has(node.operatorToken.getText()) ? [node.left, node.right] : [];
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { expression: receiver, name } = node.expression;
  return COMPARING.has(name.text) ? [receiver, ...node.arguments] : [];
}

function secretComparisons(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const sides = sidesOf(node);
    const suspicious = sides.some((side) => SECRET.test(nameOf(side))) && !sides.some(isPlain);
    if (suspicious) found.push(node.getText().replace(/\s+/g, ' '));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true));
  return found;
}

function allComparisons(): string[] {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return files.flatMap((file) =>
    secretComparisons(readFileSync(join('src', file), 'utf8')).map((comparison) => `${file}: ${comparison}`),
  );
}

describe('PWD-10: secrets are compared in constant time', () => {
  it.each([
    'if (token === stored) {}',
    'return row.secretHash != hash;',
    'const same = mac(content) === given;',
    "digest.toString('hex') === expected",
    'hash(secret).equals(row.hash)',
    'given.equals(this.signature)',
    'stored.startsWith(code)',
    'Buffer.compare(given, row.digest) < 1',
    'hashes[0] === given',
    "body['recoveryCode'] === stored",
    '(await this.hashOf(x))! === y',
  ])('%s would be found', (source) => {
    expect(secretComparisons(source)).toHaveLength(1);
  });

  it.each([
    'if (token === null || typeof token === "string") {}',
    "error.code === 'ENOENT'",
    'code === UNIQUE_VIOLATION',
    'token.length === 43',
    'timingSafeEqual(hash(secret), row.hash)',
    'const token = stored;',
  ])('%s is none', (source) => {
    expect(secretComparisons(source)).toEqual([]);
  });

  it('no comparison in the source stops at the first difference', () => {
    // A feature may be taken out, with its folder.
    const harmless = HARMLESS.filter(([file]) => existsSync(join('src', file)));
    expect(allComparisons().sort()).toEqual(harmless.map(([file, text]) => `${file}: ${text}`).sort());
  });
});
