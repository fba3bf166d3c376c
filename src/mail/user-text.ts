/** Control and bidi-override characters, invisible ones, and lone surrogates; ZWNJ and ZWJ stay. */
const UNSAFE =
  /[\p{Cc}\p{Cs}\u061C\u200B\u200E\u200F\u202A-\u202E\u2028\u2029\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}]+/gu;
/** Where mail clients see a link start or go on: `http:`, `a.b` (also with the dots of other scripts), `a@b`, `\\\\host`. */
const LINK_JOINT = /(?<=[:.@\\\u3002\uFF0E\uFF20\uFF61])(?=\S)/gu;
const ADDRESS = /^[\w!#$%&'*+=?^`{|}~.-]+@[A-Za-z0-9.-]+$/;

/** Longer than any name needs, and too short to write somebody a letter in ours. */
const MAX_CODE_POINTS = 64;

/**
 * A name as it may stand in a letter: one short line of which no mail client makes a link. `http://evil.test`
 * becomes `http: //evil. test`: a space is the one thing that ends a link everywhere, it shows what was done,
 * and names that merely have a dot (`St.John`) stay readable. (INJ-16)
 */
export function nameText(text: string): string {
  const line = oneLine(text).replace(LINK_JOINT, ' ');
  const points = [...line];
  return points.length <= MAX_CODE_POINTS ? line : `${points.slice(0, MAX_CODE_POINTS - 1).join('')}…`;
}

/** A mail address as it is; anything else as `nameText` has it. */
export function addressText(text: string): string {
  return ADDRESS.test(text) ? text : nameText(text);
}

function oneLine(text: string): string {
  return text.replace(UNSAFE, ' ').replace(/\s+/gu, ' ').trim();
}
