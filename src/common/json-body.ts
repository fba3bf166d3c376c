import { MalformedRequest } from './common.errors.js';

/** Names that mean something to the language when objects are copied or merged (JWT-23). */
export const UNSAFE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const MAX_DEPTH = 32;
/** Members and elements in all, far beyond any body of ours: each unknown one costs a line of the answer. */
const MAX_MEMBERS = 1_000;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A body as JSON; undefined for an empty one. @throws MalformedRequest unless it is valid UTF-8 and valid JSON */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    // The parser's message quotes the body, which may hold a password.
    throw new MalformedRequest('The body is not valid JSON.');
  }
}

/**
 * Makes sure that every later reader can trust a body: at most 32 levels deep, of bounded size, no NUL and no lone surrogate in any
 * string, no member that could reach a prototype. It walks without recursion: the depth is what is in question.
 * @throws MalformedRequest
 */
export function assertSafeJson(root: unknown): void {
  const open: [value: unknown, depth: number][] = [[root, 1]];
  let count = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value === 'string') assertSafeText(value);
    if (typeof value !== 'object' || value === null) continue;
    if (depth > MAX_DEPTH) throw new MalformedRequest('The body is nested too deeply.');
    const members = Object.entries(value);
    count += members.length;
    if (count > MAX_MEMBERS) throw new MalformedRequest('The body has too many members.');
    for (const [name, child] of members) {
      assertSafeName(name);
      open.push([child, depth + 1]);
    }
  }
}

function assertSafeText(text: string): void {
  if (text.includes('\0')) throw new MalformedRequest('The body has a NUL character.');
  if (!text.isWellFormed()) throw new MalformedRequest('The body has half of a surrogate pair.');
}

function assertSafeName(name: string): void {
  assertSafeText(name);
  if (UNSAFE_NAMES.has(name)) throw new MalformedRequest('The body has a member with a reserved name.');
}
