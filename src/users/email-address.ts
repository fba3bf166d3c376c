import { domainToASCII } from 'node:url';

const MAX_BYTES = 254;
const MAX_LOCAL_BYTES = 64;
/** RFC 5322 dot-atom, ASCII only: no quotes, comments or literals that two mail systems read differently. */
const DOT_ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What a domain may be written with before it is converted; keeps `%41`, spaces and a second at-sign out. */
const WRITTEN_DOMAIN = /^[A-Za-z0-9.\-\u0080-\u{10FFFF}]+$/u;

/**
 * The canonical form of an address: edges trimmed, the local part as written, the domain in lower-case A-labels
 * (RFC 5891). Null when it is not an address we accept. Compare two of them with `lower()`, as the index does.
 */
export function parseEmailAddress(input: string): string | null {
  if (input.length > 2 * MAX_BYTES) return null;
  const trimmed = input.trim();
  const at = trimmed.indexOf('@');
  const local = trimmed.slice(0, at);
  if (at < 1 || local.length > MAX_LOCAL_BYTES || !DOT_ATOM.test(local)) return null;
  const domain = parseDomain(trimmed.slice(at + 1));
  const address = `${local}@${domain}`;
  return domain !== null && address.length <= MAX_BYTES ? address : null;
}

function parseDomain(written: string): string | null {
  if (!WRITTEN_DOMAIN.test(written)) return null;
  const domain = domainToASCII(written);
  const labels = domain.split('.');
  const named = labels.length >= 2 && labels.every((label) => LABEL.test(label));
  return named && !/^\d+$/.test(labels.at(-1) ?? '') ? domain : null;
}
