/** What is offered to a person who just wants to start. */

import { describe, expect, it } from 'vitest';
import { bestOffers } from './best-offers.ts';
import { Item } from './item.ts';

const entry = (name: string, billions: number, more: object = {}): Item =>
  new Item({
    name,
    description: `${name.split('-', 1)[0]}, ${billions} thousand million parameters`,
    parameterCount: billions * 1e9,
    releasedAt: '2025-01',
    tools: 'expected',
    variants: [{ quantisation: 'Q4_K_M', sizeBytes: billions * 0.6e9, fits: true }],
    ...more,
  });
const device = (kind: string, gigabytes: number): Item => new Item({ kind, memoryBytes: gigabytes * 1e9 });
const namesOf = (entries: readonly Item[], ...devices: Item[]): string[] =>
  bestOffers(entries, devices).map(({ number, entry: one }) => `${number} ${one.text('name')}`);

describe('bestOffers', () => {
  it('takes the best of three families', () => {
    const entries = [entry('a-4b', 4), entry('b-2b', 2), entry('a-8b', 8), entry('c-1b', 1), entry('d-0.5b', 0.5)];
    expect(namesOf(entries, device('cpu', 64))).toEqual(['1 a-8b', '2 b-2b', '3 c-1b']);
  });

  it('prefers what is new to what is somewhat larger', () => {
    const entries = [entry('a-9b', 9, { releasedAt: '2024-03' }), entry('b-8b', 8, { releasedAt: '2026-03' })];
    expect(namesOf(entries, device('cpu', 64))).toEqual(['1 b-8b', '2 a-9b']);
  });

  it('leaves out what does not fit, calls no tools, or is slow on a processor', () => {
    const tight = { variants: [{ quantisation: 'Q4_K_M', sizeBytes: 1e9, fits: false }] };
    const entries = [
      entry('a-1b', 1, tight),
      entry('b-1b', 1, { tools: 'none' }),
      entry('c-1b', 1, { tools: 'failed' }),
      entry('d-32b', 32),
      entry('e-3b', 3),
    ];
    expect(namesOf(entries, device('cpu', 64))).toEqual(['1 e-3b']);
    expect(namesOf(entries, device('cpu', 64), device('cuda', 80))).toEqual(['1 d-32b', '2 e-3b']);
    expect(namesOf(entries, device('cpu', 64), device('cuda', 4))).toEqual(['1 e-3b']);
    expect(namesOf(entries, device('cpu', 1))).toEqual([]);
  });
});
