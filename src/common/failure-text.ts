const MAX_LENGTH = 300;

/** An error's words for the log and the operator: errors of others repeat addresses, and may quote links. */
export function failureText(...words: (string | undefined)[]): string {
  return words
    .filter(Boolean)
    .join(' ')
    .replace(/https?:\S+/gi, '<link>')
    .replace(/[^\s<>@]+@[^\s<>@]+/g, '<address>')
    .replace(/\s+/g, ' ')
    .slice(0, MAX_LENGTH);
}
