import { readFile } from 'node:fs/promises';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SOURCE = 'src/events/domain-event.ts';
/** `| `type` | when | data |` */
const ROW = /^\| `([a-z.]+)` \| (.*?) ?\| (.*?) ?\|$/gm;

/** Of each type in `EventData` the names of its data. */
function typesInCode(text: string): Map<string, string[]> {
  const source = ts.createSourceFile(SOURCE, text, ts.ScriptTarget.Latest);
  const data = source.statements.find(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === 'EventData',
  ) as ts.InterfaceDeclaration;
  return new Map(
    data.members.map((member) => {
      const { name, type } = member as ts.PropertySignature & { name: ts.StringLiteral };
      const members = type && ts.isTypeLiteralNode(type) ? type.members : [];
      return [name.text, members.map((field) => (field.name as ts.Identifier).text)];
    }),
  );
}

/** The names in code before what explains them. */
function fieldsIn(cell: string): string[] {
  const outsideOfBrackets = cell.replace(/\([^)]*\)/g, '');
  return [...outsideOfBrackets.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
}

describe('docs/events.md', () => {
  it('has every type of event, with its data, and no other', async () => {
    const page = (await readFile('docs/events.md', 'utf8')).split('## The events')[1] ?? '';
    const onPage = [...page.matchAll(ROW)].map(([, type = '', , data = '']) => [type, fieldsIn(data)]);
    const inCode = typesInCode(await readFile(SOURCE, 'utf8'));
    expect(inCode.size).toBeGreaterThan(25);
    expect(Object.fromEntries(onPage)).toEqual(Object.fromEntries(inCode));
    expect(onPage).toHaveLength(inCode.size);
  });
});
