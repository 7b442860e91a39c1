/** What all benchmarks share: rounds of several candidates in turn, medians, tables, and what machine it was. */

import { cpus, loadavg } from 'node:os';

/** Processor, cores, how busy they are with other things, and Node's version. */
export function describeMachine() {
  const [first] = cpus();
  return `${first?.model.trim()}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.version}`;
}

/** The value below which this share of the numbers lies. */
export function percentile(numbers, share) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** The middle one. */
export const median = (numbers) => percentile(numbers, 0.5);

/** A candidate that takes longer than this is run once only. */
const patienceMs = 2000;

/**
 * Milliseconds of each candidate, the median of rounds in which they take turns, so that what else the machine does
 * meets all of them alike. One round goes before and does not count.
 */
export async function compare(candidates, rounds = 7) {
  const times = new Map(Object.keys(candidates).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const [name, candidate] of Object.entries(candidates)) {
      const list = times.get(name);
      if (list[0] > patienceMs) continue;
      const start = performance.now();
      await candidate();
      const took = performance.now() - start;
      if (round >= 0 || took > patienceMs) list.push(took);
    }
  return Object.fromEntries([...times].map(([name, list]) => [name, median(list)]));
}

/** Rows of cells in columns; the first row is the heading. */
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? '').length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, at) => (at === 0 ? String(cell).padEnd(widths[0]) : String(cell ?? '').padStart(widths[at])))
        .join('  '),
    );
  console.log();
}

/** A number with three significant digits. */
export function short(number) {
  if (number === undefined || Number.isNaN(number)) return '–';
  return number >= 1000 ? String(Math.round(number)) : String(Number(number.toPrecision(3)));
}

/** Ours over theirs, as `0.12×`. */
export const ratio = (ours, theirs) => (theirs === undefined ? '–' : `${short(ours / theirs)}×`);
