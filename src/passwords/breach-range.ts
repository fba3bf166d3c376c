import { readBody } from '../common/response-body.js';

const TIMEOUT_MS = 2_000;
/** Several times what the longest range has. */
const MAX_BYTES = 512 * 1024;
const LINE = /^([0-9A-F]{35}):(\d{1,10})$/i;

/** The service could not be asked; `message` says why, and nothing about the password. */
export class BreachServiceFailure extends Error {}

/**
 * The ends of all hashes that begin with `prefix` and are in a breach, by the range protocol of Have I Been Pwned.
 * It takes two seconds at most, whatever the other side does.
 * @throws BreachServiceFailure
 */
export async function fetchBreachRange(baseUrl: string, prefix: string): Promise<Set<string>> {
  try {
    const response = await fetch(`${baseUrl}/${prefix}`, {
      // Without padding the size of the answer would tell an onlooker the prefix.
      headers: { 'Add-Padding': 'true', 'User-Agent': 'tokenhouse' },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return parseRange(await readRange(response));
  } catch (error) {
    throw error instanceof BreachServiceFailure ? error : new BreachServiceFailure(reasonOf(error as Error));
  }
}

async function readRange(response: Response): Promise<string> {
  const { status, body } = response;
  if (status !== 200 || body === null) {
    await body?.cancel();
    throw new BreachServiceFailure(`it answered ${status}`);
  }
  const tooLong = (): Error => new BreachServiceFailure('its answer was too long');
  return (await readBody(response, MAX_BYTES, tooLong)).toString('latin1');
}

/** Lines of the padding have a count of 0. Nothing at all is no answer: every range of the protocol has lines. */
function parseRange(text: string): Set<string> {
  const lines = text.trimEnd().split(/\r?\n/);
  const entries = lines.map((line) => LINE.exec(line));
  if (entries.includes(null)) throw new BreachServiceFailure('its answer was not in the format');
  const found = entries.filter((entry) => Number(entry?.[2]) > 0);
  return new Set(found.map((entry) => String(entry?.[1]).toUpperCase()));
}

/** `fetch` hides what went wrong with the connection; its texts may hold the URL, so only codes are told. */
function reasonOf({ name, cause }: Error): string {
  if (name === 'TimeoutError') return 'it took too long';
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return `it cannot be reached (${code ?? name})`;
}
