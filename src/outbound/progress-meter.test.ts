import { expect, test } from 'vitest';
import { ProgressMeter } from './progress-meter.ts';

function openMeter(bytesBefore: number) {
  let now = 5000;
  const clock = { nowMs: () => now, unixMs: () => now, unixSeconds: () => Math.floor(now / 1000) };
  const after = (elapsedMs: number) => {
    now += elapsedMs;
  };
  return { meter: new ProgressMeter(clock, bytesBefore), after };
}

test('what an earlier run brought is done, but is no speed', () => {
  const { meter, after } = openMeter(1_000_000);
  expect(meter.read(1_000_000, 3_000_000)).toEqual({ bytesDone: 1_000_000, bytesTotal: 3_000_000, bytesPerSecond: 0 });
  after(1000);
  expect(meter.read(1_500_000, 3_000_000)).toEqual({
    bytesDone: 1_500_000,
    bytesTotal: 3_000_000,
    bytesPerSecond: 500_000,
    etaSeconds: 3,
  });
});

test('the speed is that of the last ten seconds', () => {
  const { meter, after } = openMeter(0);
  let done = 0;
  for (let second = 0; second < 60; second++) {
    after(1000);
    done += second < 40 ? 10_000_000 : 1000;
    meter.read(done, 1e9);
  }
  expect(meter.read(done, undefined)).toEqual({ bytesDone: done, bytesPerSecond: 1000 });
  after(60_000);
  expect(meter.read(done, undefined).bytesPerSecond).toBe(0);
});

test('it is due twice a second', () => {
  const { meter, after } = openMeter(0);
  expect(meter.isDue()).toBe(false);
  after(499);
  expect(meter.isDue()).toBe(false);
  after(1);
  expect(meter.isDue()).toBe(true);
  meter.read(10, undefined);
  expect(meter.isDue()).toBe(false);
});

test('bytes that were thrown away are no negative speed', () => {
  const { meter, after } = openMeter(1000);
  after(1000);
  expect(meter.read(0, 2000)).toEqual({ bytesDone: 0, bytesTotal: 2000, bytesPerSecond: 0 });
});
