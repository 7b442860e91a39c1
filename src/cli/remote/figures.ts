/** Sizes, times and durations, as people read and write them. */

import { ConfigError } from '../../base/errors.ts';

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `4.7 GB`; '–' = unknown. */
export function showBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '–';
  let value = bytes;
  let unit = 0;
  // What would be rounded up to 1000 is the next unit's.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** `1:23`, `2:03:04`; '–' = unknown. */
export function showClock(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const spans: ReadonlyArray<readonly [seconds: number, letter: string]> = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
  [1, 's'],
];

/** The largest fitting unit alone: `3d`, `45s`. */
export function showSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [size, letter] = spans.find(([one]) => whole >= one) ?? [1, 's'];
  return `${Math.floor(whole / size)}${letter}`;
}

/** How long ago a time was; '–' = never. */
export function showAgo(unixSeconds: number | undefined, nowMs = Date.now()): string {
  return unixSeconds === undefined ? '–' : `${showSpan(nowMs / 1_000 - unixSeconds)} ago`;
}

/** A moment in this place's time: `2026-11-21 16:40`. */
export function showTime(unixSeconds: number | undefined): string {
  if (unixSeconds === undefined) return '–';
  const moment = new Date(unixSeconds * 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** `90`, `10m`, `1h30m`, `30d` in seconds. */
export function parseSpan(text: string, source: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  if (!/^(?:\d{1,9}[dhms])+$/.test(text))
    throw new ConfigError('invalid_config', `${source}: '${text}' is not a duration such as 10m, 1h30m or 30d.`);
  return [...text.matchAll(/(\d+)([dhms])/g)].reduce((sum, [, digits, letter]) => {
    const size = spans.find(([, one]) => one === letter)?.[0] ?? 0;
    return sum + Number(digits) * size;
  }, 0);
}

/** A moment as Unix seconds: a duration from now, or a day (`2027-01-31`) or time in ISO 8601. */
export function parseMoment(text: string, source: string, nowMs = Date.now()): number {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const parsed = Date.parse(text);
    if (Number.isFinite(parsed)) return Math.floor(parsed / 1_000);
    throw new ConfigError('invalid_config', `${source}: '${text}' is no day of the calendar.`);
  }
  return Math.floor(nowMs / 1_000) + parseSpan(text, source);
}
