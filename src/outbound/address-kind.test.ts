import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressKind } from './address-kind.ts';

const table: Record<ReturnType<typeof addressKind>, readonly string[]> = {
  public: [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450::200e',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
  ],
  private: [
    '10.0.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '100.127.255.255',
    '198.18.0.1',
    '::1',
    '0:0:0:0:0:0:0:1',
    'fc00::1',
    'fd12:3456::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:FFFF:192.168.0.1',
    '::ffff:0:10.0.0.1',
    '::10.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::c0a8:101',
    '64:ff9b:1::8.8.8.8',
    '2002:7f00:1::',
    '2002:c0a8:101::1',
    '2001:0:4136:e378::1',
    '2001:db8::1',
    '4000::1',
    '1::1',
  ],
  forbidden: [
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '0:0:0:0:0:0:0:0',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fec0::1',
    'ff02::1',
    'fd00:ec2::254',
    'FD00:0EC2:0:0:0:0:0:254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::ffff:0:a9fe:a9fe',
    '::a9fe:a9fe',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::169.254.169.254',
    '2002:a9fe:a9fe::1',
    '::ffff:0.0.0.0',
    'localhost',
    '',
    '1.2.3',
    '0x7f.1',
    '01.2.3.4',
  ],
};

test.each(Object.entries(table).flatMap(([kind, addresses]) => addresses.map((address) => [address, kind])))(
  '%s is %s',
  (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  },
);

test('an IPv4 address keeps its kind in every coat of IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      const high = ((a << 8) | b).toString(16);
      const low = ((c << 8) | d).toString(16);
      const kind = addressKind(address);
      expect(addressKind(`::ffff:${address}`)).toBe(kind);
      expect(addressKind(`0:0::0:ffff:${high}:${low}`)).toBe(kind);
      expect(addressKind(`64:ff9b::${high}:${low}`)).toBe(kind);
      expect(addressKind(`2002:${high}:${low}::5`)).toBe(kind);
    }),
    { seed: 7, numRuns: 500, examples: [['127.0.0.1'], ['169.254.169.254'], ['10.0.0.0'], ['8.8.8.8']] },
  );
});

test('no IPv6 address outside of 2000::/3 is public, coats apart', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const first = Number.parseInt(new URL(`http://[${address}]`).hostname.slice(1).split(':')[0] || '0', 16);
      const isCoat = first === 0 || first === 0x64;
      if (!isCoat && first >> 13 !== 1) expect(addressKind(address)).not.toBe('public');
    }),
    { seed: 7, numRuns: 500 },
  );
});
