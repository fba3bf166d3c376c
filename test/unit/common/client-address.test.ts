import { describe, expect, it } from 'vitest';
import { clientAddress, networkOf } from '../../../src/common/client-address.js';

describe('clientAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['', null],
    [undefined, null],
    ['unknown', null],
    ['192.0.2.1, 198.51.100.1', null],
    ['0x7f.1', null],
    ["1'; DROP TABLE limits", null],
  ])('%s is %s', (written, address) => {
    expect(clientAddress(written)).toBe(address);
  });
});

describe('networkOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1::2:3', '2001:db8:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ])('BRF-03 of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
