import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from '../app-config.js';
import { type KeyEntry, readKeyEntries } from './key-entries.js';
import { keyFormatOf } from './key-format.js';
import { isWeakerThanAdvised, keyProblem, naturalAlgorithm } from './key-policy.js';
import { tokenKey, type TokenKey } from './token-key.js';
import { secretTextProblem } from '../secret-policy.js';

interface ParsedKeys {
  /** In the order of the text; the first signs. */
  keys: TokenKey[];
  /** What stops the boot: full sentences with variable and line, never the value. */
  problems: string[];
  /** What an operator should know; the same kind of sentences. */
  warnings: string[];
}

type Report = (line: number, what: string) => void;

/**
 * Reads `BEARER_TOKEN_KEY` (http-api.md, "Configuration of the bearer token"; security.md, "Key material").
 * Keys without a prefix share one algorithm: `algorithm` (`BEARER_TOKEN_ALGORITHM`), else the one of the first key.
 * So a secret beside an EC key stops the boot unless each names its own (JWT-15).
 */
export function parseBearerTokenKeys(
  text: string | undefined,
  algorithm: JwtAlgorithm | undefined,
): ParsedKeys {
  const result: ParsedKeys = { keys: [], problems: [], warnings: [] };
  if (text === undefined) return result;
  const report: Report = (line, what) => void result.problems.push(sentence(line, what));
  const { entries, problems } = readKeyEntries(text);
  for (const { line, what } of problems) report(line, what);
  const format = secretsFormat(entries);
  if (format !== null) report(1, `looks like a key in ${format} form; give a private key as PEM`);
  else addKeys(entries, algorithm, result, report);
  if (entries.length === 0 && problems.length === 0) report(1, 'holds no key');
  return result;
}

function addKeys(
  entries: KeyEntry[],
  wanted: JwtAlgorithm | undefined,
  { keys, warnings }: ParsedKeys,
  report: Report,
): void {
  let shared = wanted;
  for (const [index, entry] of entries.entries()) {
    const key = readKey(entry, report);
    if (!key) continue;
    const algorithm = entry.algorithm ?? shared ?? naturalAlgorithm(key);
    const problem = problemOf({ key, algorithm, first: index === 0, wanted });
    if (problem !== null) report(entry.line, problem);
    if (problem !== null || algorithm === null) continue;
    shared ??= algorithm;
    const added = tokenKey(key, algorithm);
    if (keys.some(({ kid }) => kid === added.kid)) report(entry.line, 'is there twice');
    if (isWeakerThanAdvised(key)) warnings.push(sentence(entry.line, 'has less than the advised 3072 bits'));
    keys.push(added);
  }
}

interface Candidate {
  key: KeyObject;
  algorithm: JwtAlgorithm | null;
  first: boolean;
  wanted: JwtAlgorithm | undefined;
}

function problemOf({ key, algorithm, first, wanted }: Candidate): string | null {
  if (algorithm === null) return 'is of a kind or on a curve that none of the algorithms takes';
  if (first && wanted !== undefined && algorithm !== wanted) {
    return `is for ${algorithm}, and signs, but BEARER_TOKEN_ALGORITHM is ${wanted}`;
  }
  const problem = keyProblem(key, algorithm);
  const own = problem === null ? null : naturalAlgorithm(key);
  const hint = own !== null && own.slice(0, 2) !== algorithm.slice(0, 2);
  return hint ? `${problem}; a key of another kind needs its own prefix, such as ${own}:` : problem;
}

function readKey({ kind, line, text }: KeyEntry, report: Report): KeyObject | undefined {
  if (kind === 'pem') return readPem(text, (what) => report(line, what));
  const problem = secretTextProblem(text);
  if (problem === null) return createSecretKey(Buffer.from(text));
  report(line, problem);
  return undefined;
}

function readPem(text: string, report: (what: string) => void): KeyObject | undefined {
  if (!/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) {
    report('is a public key or a certificate; a private key is needed');
  } else if (/ENCRYPTED/.test(text)) {
    report('is protected by a passphrase; give it without');
  } else {
    try {
      return createPrivateKey(text);
    } catch {
      report('is a PEM block that cannot be read as a private key');
    }
  }
  return undefined;
}

/** The key format that the secrets are written in, alone or as the lines of one text. */
function secretsFormat(entries: KeyEntry[]): string | null {
  const secrets = entries.filter(({ kind }) => kind === 'secret').map(({ text }) => text);
  const candidates = secrets.length > 1 ? [...secrets, secrets.join('\n')] : secrets;
  return candidates.map(keyFormatOf).find((format) => format !== null) ?? null;
}

function sentence(line: number, what: string): string {
  return `BEARER_TOKEN_KEY (line ${line}) ${what}.`;
}
