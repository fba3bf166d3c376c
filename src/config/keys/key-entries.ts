import { JWT_ALGORITHMS, type JwtAlgorithm } from '../app-config.js';
import { looksLikePem } from './key-format.js';

/** One key as it stands in the text of `BEARER_TOKEN_KEY`. */
export interface KeyEntry {
  /** Where it begins, from 1. */
  line: number;
  /** What it is prefixed with. */
  algorithm?: JwtAlgorithm;
  kind: 'pem' | 'secret';
  text: string;
}

interface KeyEntries {
  entries: KeyEntry[];
  problems: { line: number; what: string }[];
}

const PREFIX = /^\s*([A-Za-z]{2}\d{3}[A-Za-z]?|EdDSA|none):/i;
const PEM_START = /^-----BEGIN ([A-Z0-9 ]+)-----$/;

/** Takes the text apart: one key a line, PEM blocks one after the other, each optionally prefixed `ALG:`. */
export function readKeyEntries(text: string): KeyEntries {
  const result: KeyEntries = { entries: [], problems: [] };
  const lines = text.split(/\r\n|[\n\r]/);
  let prefix: string | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    const match = PREFIX.exec(lines[at] ?? '');
    prefix = match?.[1] ?? prefix;
    const rest = (lines[at] ?? '').slice(match?.[0].length ?? 0);
    // A prefix may stand on the line above its PEM block.
    if (rest.trim() === '') continue;
    const isPem = looksLikePem(rest);
    const block = isPem ? pemBlock(lines, at, rest) : rest;
    if (isPem) at += (block ?? rest).split('\n').length - 1;
    addEntry(result, { line, prefix, isPem, block });
    if (block === undefined || !isParameters(block)) prefix = undefined;
  }
  if (prefix !== undefined)
    result.problems.push({ line: lines.length, what: 'names an algorithm, and no key follows' });
  return result;
}

interface Found {
  line: number;
  prefix: string | undefined;
  isPem: boolean;
  block: string | undefined;
}

function addEntry({ entries, problems }: KeyEntries, { line, prefix, isPem, block }: Found): void {
  const algorithm = JWT_ALGORITHMS.find((name) => name === prefix);
  if (prefix !== undefined && algorithm === undefined) {
    problems.push({
      line,
      what: `must be prefixed with one of ${JWT_ALGORITHMS.join(', ')}, or with nothing`,
    });
  } else if (block === undefined) {
    problems.push({ line, what: 'is a PEM block whose line breaks are lost or whose end is missing' });
  } else if (!isParameters(block)) {
    entries.push({ line, kind: isPem ? 'pem' : 'secret', text: block, ...(algorithm && { algorithm }) });
  }
}

/** The block that begins on line `at`, with clean line breaks; undefined when it is not laid out as RFC 7468 wants. */
function pemBlock(lines: readonly string[], at: number, first: string): string | undefined {
  const label = PEM_START.exec(first.trim())?.[1];
  if (label === undefined) return undefined;
  const rest = lines.slice(at + 1).map((line) => line.trim());
  const end = rest.indexOf(`-----END ${label}-----`);
  return end < 0 ? undefined : [first.trim(), ...rest.slice(0, end + 1)].join('\n');
}

/** `openssl ecparam -genkey` writes the name of the curve in front of the key; the key says it again. */
function isParameters(block: string): boolean {
  return block.startsWith('-----BEGIN EC PARAMETERS-----');
}
