import { describe, expect, it } from 'vitest';
import { readWishes } from './wishes.ts';

describe('readWishes', () => {
  it('reads both headers', () => {
    expect(readWishes({})).toEqual({ report: false });
    expect(readWishes({ 'x-aimindserve-report': '0', 'x-aimindserve-guarantee': '' })).toEqual({ report: false });
    expect(readWishes({ 'x-aimindserve-report': '1' })).toEqual({ report: true });
    expect(readWishes({ 'x-aimindserve-report': 'raw', 'x-aimindserve-guarantee': 'off' })).toEqual({
      ...{ report: true, raw: true, guarantee: 'off' },
    });
    expect(readWishes({ 'x-aimindserve-report': 'trace' })).toEqual({ report: true, trace: true });
  });

  it('names the header that is wrong', () => {
    expect(() => readWishes({ 'x-aimindserve-report': 'yes' })).toThrow(/'X-Aimindserve-Report'.*'raw'/);
    expect(() => readWishes({ 'x-aimindserve-guarantee': 'maybe' })).toThrow(/'X-Aimindserve-Guarantee'.*'enforce'/);
  });
});
