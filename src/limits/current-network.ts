import { networkOf } from '../common/client-address.js';
import { currentContext } from '../common/request-context.js';

/**
 * The network that the request being served comes from; undefined outside of requests, where nobody is to be kept from
 * anything. Requests without an address, as by a socket of the file system, are one network.
 */
export function currentNetwork(): string | undefined {
  const context = currentContext();
  return context && networkOf(context.ip ?? '');
}
