/** Control, bidi-override and zero-width characters; ZWNJ and ZWJ (U+200C, U+200D) are part of real names. */
const UNSAFE =
  /[\p{Cc}\u061C\u200B\u200E\u200F\u202A-\u202E\u2028\u2029\u2060-\u2064\u2066-\u206F\uFEFF\u{E0000}-\u{E007F}]/u;

export const MAX_NAME_LENGTH = 255;
/** UTF-16 units; decomposed, a letter has four at most. */
const MAX_TYPED_LENGTH = 4 * MAX_NAME_LENGTH;

/** The stored form of a first or last name (NFC, trimmed); null when it has characters that names have not. */
export function parsePersonName(input: string): string | null {
  // Before normalising, which takes quadratic time.
  if (input.length > MAX_TYPED_LENGTH) return null;
  const name = input.normalize('NFC').trim();
  return [...name].length <= MAX_NAME_LENGTH && !UNSAFE.test(name) ? name : null;
}
