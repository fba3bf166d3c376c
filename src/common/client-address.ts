import { isIP } from 'node:net';

/** One spelling for one client: IPv4 in IPv6 is IPv4, zone and port are cut. Null when it is no address. */
export function clientAddress(ip: string | undefined): string | null {
  const address = (ip ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return isIP(address) === 0 ? null : address.toLowerCase();
}
