import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attackTable } from './attack-table.js';

export const PAGE = join(import.meta.dirname, '../../docs/security.md');
const BEGIN = '<!-- attacks: written by `npm run attacks` -->';
const END = '<!-- end of attacks -->';

/** The page with the table as the tests are now. @throws when the page has no place for it */
export function pageWithTable(): string {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/security.md needs the lines ${BEGIN} and ${END}.`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${attackTable()}\n\n${page.slice(end)}`;
}
