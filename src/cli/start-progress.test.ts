import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tellSeldom } from './start-progress.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('says nothing of a start that is quick', () => {
  const told: string[] = [];
  const progress = tellSeldom((line) => told.push(line));
  progress.note('loading');
  vi.advanceTimersByTime(1_900);
  progress.end();
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
});

it('tells of a long one what it is at, each thing once, the last one too', () => {
  const told: string[] = [];
  const progress = tellSeldom((line) => told.push(line));
  for (let share = 0; share < 100; share++) {
    progress.note(`${share} %`);
    vi.advanceTimersByTime(100);
  }
  progress.note('loading');
  vi.advanceTimersByTime(600_000);
  progress.end();
  expect(told).toEqual(['19 %', '69 %', 'loading']);
});
