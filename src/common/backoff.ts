const FIRST_SECONDS = 5;
const LONGEST_SECONDS = 3600;

/** How long to wait after the given failed attempt (the first is 1): doubling, from seconds to an hour. */
export function backoffSeconds(attempt: number): number {
  return Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** Math.min(attempt - 1, 20));
}
