/** Rows in columns, for people. */

import { cutToWidth, displayWidth, padToWidth } from './display-width.ts';
import { plainLine } from './plain-text.ts';

/** A column: its title, and how a row is shown in it. */
export interface Column<T> {
  readonly title: string;
  /** Numbers stand right. */
  readonly isNumber?: true;
  cell(row: T): string;
}

const gap = '  ';
const leastLast = 12;

/** The table; the last column is cut so that a line fits into `width` columns. */
export function tableOf<T>(columns: ReadonlyArray<Column<T>>, rows: readonly T[], width = Infinity): string {
  const cells = rows.map((row) => columns.map(({ cell }) => plainLine(cell(row))));
  const lines = [columns.map(({ title }) => title), ...cells];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ''))));
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + gap.length, 0);
  const lastWidth = Math.max(leastLast, width - before);
  return lines
    .map((line) => {
      const padded = line.map((cell, index) => {
        const side = columns[index]?.isNumber ? 'right' : 'left';
        const shown = index === line.length - 1 ? cutToWidth(cell, lastWidth) : cell;
        return padToWidth(shown, widths[index] ?? 0, side);
      });
      return padded.join(gap).trimEnd();
    })
    .join('\n');
}
