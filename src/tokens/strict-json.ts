import { isUtf8 } from 'node:buffer';

export type JsonObject = Record<string, unknown>;

type Reviver = (name: string, value: unknown) => unknown;

/** A string, with the colon that makes it a member's name; or the begin or end of an object. */
const TOKENS = /("(?:[^"\\]|\\.)*")([ \t\r\n]*:)?|[{}]/g;

/**
 * A JSON object in which two readers cannot see different things: valid UTF-8 without a byte order mark, and no
 * member twice at any depth (RFC 8725, section 2.10; RFC 7515, section 4). Null for anything else.
 */
export function parseStrictObject(bytes: Buffer, reviver?: Reviver): JsonObject | null {
  if (!isUtf8(bytes)) return null;
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text, reviver);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return hasDuplicateMember(text) ? null : (value as JsonObject);
  } catch {
    return null;
  }
}

/** @param text valid JSON */
function hasDuplicateMember(text: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined) {
      // Names are compared as read: "\u0065xp" is "exp".
      const name = JSON.parse(string ?? '') as string;
      const names = open.at(-1);
      if (names?.has(name)) return true;
      names?.add(name);
    }
  }
  return false;
}
