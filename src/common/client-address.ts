import { isIP, SocketAddress } from 'node:net';

const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/;
/** `192.0.2.1:80`, and `[2001:db8::1]` with or without a port, as some proxies write. */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+):\d+|\[([^\]]+)\](?::\d+)?)$/;

/** One spelling for one client: IPv4 in IPv6 is IPv4, zone and port are cut. Null when it is no address. */
export function clientAddress(ip: string | undefined): string | null {
  const [, four, six] = WITH_PORT.exec(ip ?? '') ?? [];
  const address = (four ?? six ?? ip ?? '').replace(/%.*$/, '');
  if (isIP(address) !== 6) return isIP(address) === 4 ? address : null;
  return new SocketAddress({ address, family: 'ipv6' }).address.replace(MAPPED_IPV4, '');
}

/** Who is counted as one client: an IPv4 address; of IPv6 the /64, because one client has all its addresses. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::/64`;
}
