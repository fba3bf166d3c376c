/** What samples, tutorials and templates put where a secret belongs. */
const SAMPLE =
  /change[-_ .]?(?:me|this|it)|replace[-_ .]?(?:me|this|with)|your[-_ .]?(?:own|secret|key|very|super|jwt)|your[-_]\d|placeholder|example|sample|not[-_ .]?secret|(?:super|string)[-_ .]?secret|lorem ipsum|^<.*>$/i;

const MIN_DIFFERENT = 8;

/**
 * What is wrong with the text of an HMAC secret, as the end of a sentence that begins with it; null for one that may
 * be random. It cannot prove randomness; it catches samples and keyboards.
 */
export function secretTextProblem(text: string): string | null {
  // U+FFFD is what remains of bytes that were no UTF-8: the secret would be another than the operator's.
  if (/[\p{Cc}\u{fffd}]/u.test(text)) return 'holds bytes that are no text';
  if (text !== text.trim()) return 'begins or ends with a blank';
  if (SAMPLE.test(text)) return 'is a sample value';
  return isRegular(text) ? 'is a repetition or a sequence, not random' : null;
}

function isRegular(text: string): boolean {
  if (new Set(text).size < MIN_DIFFERENT) return true;
  // A text that is a repetition of a part occurs in its own double before its end.
  if ((text + text).indexOf(text, 1) < text.length) return true;
  let steps = 0;
  for (let at = 1; at < text.length; at++) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps++;
  }
  return steps > text.length / 2;
}
