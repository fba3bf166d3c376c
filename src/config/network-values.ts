import { BlockList, isIP } from 'node:net';
import type { EnvironmentReader } from './environment.js';

export function isLocalhost(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
}

/** Exact origins: scheme, host and port, nothing else; never `*` or `null`. */
export function readOrigins(env: EnvironmentReader, name: string): string[] {
  const origins = env.list(name);
  if (!origins.every(isOrigin))
    env.problem(name, 'must be exact origins such as https://app.example, separated by commas');
  return origins;
}

export function isOrigin(text: string): boolean {
  // A URL's host may hold an asterisk, which would match no browser and mean nothing.
  return URL.canParse(text) && new URL(text).origin === text && !text.includes('*');
}

/** Addresses or CIDR blocks; a block of all addresses would trust every client's own word. */
export function readCidrs(env: EnvironmentReader, name: string): string[] {
  const blocks = env.list(name);
  if (!blocks.every(isCidr)) {
    env.problem(name, 'must be addresses or CIDR blocks such as 10.0.0.0/8, never all addresses');
  }
  return blocks;
}

function isCidr(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) === 0) return false;
  try {
    new BlockList().addSubnet(address, Number(prefix), version === 4 ? 'ipv4' : 'ipv6');
    return true;
  } catch {
    return false;
  }
}
