/** Tables as CSV (RFC 4180) that a spreadsheet takes for text and numbers, never for formulas. */

/** A cell. */
export type Cell = string | number | undefined;

/** The table, its first row the names of the columns. */
export function csvOf(rows: ReadonlyArray<readonly Cell[]>): string {
  return rows.map((row) => `${row.map(cellText).join(',')}\r\n`).join('');
}

/** Spreadsheets compute what begins so, whoever wrote it. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/;

function cellText(cell: Cell): string {
  if (typeof cell !== 'string') return cell === undefined ? '' : String(cell);
  const safe = formula.test(cell) ? `'${cell}` : cell;
  return /[",\r\n;\t']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
