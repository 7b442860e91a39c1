/** Sizes, times and durations as people read and write them. */

import { describe, expect, it } from 'vitest';
import { parseMoment, parseSpan, showBytes, showClock, showSpan } from './figures.ts';
import { Item } from './item.ts';
import { LiveLine } from './live-line.ts';
import { progressBar } from './progress-bar.ts';

describe('showBytes', () => {
  it.each<[number | undefined, string]>([
    [undefined, '–'],
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [4_683_074_240, '4.7 GB'],
    [99_960_000_000, '100 GB'],
    [5e15, '5000 TB'],
  ])('%s is %s', (bytes, shown) => {
    expect(showBytes(bytes)).toBe(shown);
  });
});

describe('durations', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['90', 90],
    ['10m', 600],
    ['1h30m', 5_400],
    ['30d', 2_592_000],
  ])('%s is %i seconds', (text, seconds) => {
    expect(parseSpan(text, '--keep-alive')).toBe(seconds);
  });

  it.each(['', 'soon', '10 m', '-5', '1.5h', 'm'])('refuses %j and says what would be right', (text) => {
    expect(() => parseSpan(text, '--keep-alive')).toThrowError(/--keep-alive: .* is not a duration such as 10m/);
  });

  it('are moments from now, or days', () => {
    expect(parseMoment('30d', '--expires', 1_000_000_000)).toBe(1_000_000 + 2_592_000);
    expect(parseMoment('2027-01-31', '--expires')).toBe(Date.UTC(2027, 0, 31) / 1_000);
    expect(() => parseMoment('2027-13-31', '--expires')).toThrowError(/no day of the calendar/);
  });

  it('are shown short', () => {
    expect([59, 60, 3_599, 7_200, 200_000].map(showSpan)).toEqual(['59s', '1m', '59m', '2h', '2d']);
    expect([5, 83, 3_723, undefined, Infinity].map(showClock)).toEqual(['0:05', '1:23', '1:02:03', '–', '–']);
  });
});

describe('progressBar', () => {
  const shown = (progress: object): string => progressBar(new Item(progress));

  it('says how far, how fast, how long', () => {
    const progress = { bytesDone: 2_000_000_000, bytesTotal: 4_000_000_000, bytesPerSecond: 31e6, etaSeconds: 64.5 };
    expect(shown(progress)).toBe('[████████████░░░░░░░░░░░░] 50 %  2.0 GB of 4.0 GB  31.0 MB/s  1:05 left');
  });

  it('stays sane with what cannot be', () => {
    expect(shown({ bytesDone: 9, bytesTotal: 3, bytesPerSecond: 0 })).toContain('] 100 %');
    expect(shown({ bytesDone: 1_500, bytesPerSecond: 10 })).toBe('1.5 kB  10 B/s');
    expect(shown({})).toBe('0 B  0 B/s');
    expect(shown({ bytesDone: 0, bytesTotal: 0, bytesPerSecond: 0 })).toBe('0 B  0 B/s');
  });
});

describe('LiveLine', () => {
  const linesOf = (isTerminal: boolean, show: (line: LiveLine) => void): string => {
    const written: string[] = [];
    const line = new LiveLine({ isTerminal, columns: 10, write: (text) => void written.push(text) });
    show(line);
    line.end();
    return written.join('');
  };

  it('writes over itself on a terminal, and fits', () => {
    const written = linesOf(true, (line) => {
      line.show('10 %');
      line.show('10 %');
      line.show('a line that is too long');
    });
    expect(written).toBe('\r\u001b[K10 %\r\u001b[Ka line t…\r\u001b[K');
  });

  it('writes only news into a file', () => {
    const written = linesOf(false, (line) => {
      line.show('fetching 10 %', 'fetching');
      line.show('fetching 20 %', 'fetching');
      line.show('starting', 'starting');
    });
    expect(written).toBe('fetching\nstarting\n');
  });
});
