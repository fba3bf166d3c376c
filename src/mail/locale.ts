/** Longer than any browser's header; what is longer is not even looked at (INJ-18). */
const MAX_LENGTH = 500;
const RANGE = /^([a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:\s*;\s*q=([01](?:\.\d{0,3})?))?$/i;

/**
 * The first of the wanted languages that there is: `wanted` is an `Accept-Language` or one language tag, and what there
 * is are tags, too (RFC 4647, section 3.4, "lookup"). Null when there is none of them.
 */
export function lookUpLocale(wanted: string | null | undefined, available: readonly string[]): string | null {
  if (!wanted || wanted.length > MAX_LENGTH) return null;
  for (const range of rangesOf(wanted)) {
    for (const tag of withParents(range)) {
      const found = available.find((locale) => locale.toLowerCase() === tag.toLowerCase());
      if (found !== undefined) return found;
    }
  }
  return null;
}

/** The tag, and what remains when subtags are cut from its end: `zh-Hant-TW`, `zh-Hant`, `zh`. */
export function withParents(tag: string): string[] {
  const subtags = tag.split('-');
  const tags: string[] = [];
  while (subtags.length > 0) {
    tags.push(subtags.join('-'));
    subtags.pop();
    // A letter on its own says of what kind the next one was.
    if (subtags.at(-1)?.length === 1) subtags.pop();
  }
  return tags;
}

/** The most wanted first; what is not wanted at all, and `*`, is left out. */
function rangesOf(header: string): string[] {
  return header
    .split(',')
    .flatMap((part) => {
      const [, tag, quality = '1'] = RANGE.exec(part.trim()) ?? [];
      return tag !== undefined && Number(quality) > 0 ? [{ tag, quality: Number(quality) }] : [];
    })
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}
