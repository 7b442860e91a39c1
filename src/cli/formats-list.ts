/** `aimindserve formats`: every format with its models and an example. */

import type { ToolFormat } from '../formats/format.ts';
import { allFormats } from '../formats/formats.ts';
import { customFormats } from '../server/model-tools.ts';
import { dataFolderOf, type Surroundings } from './prepare-server.ts';

interface Listed {
  readonly format: ToolFormat;
  /** The file of a format that somebody wrote for this machine. */
  readonly file?: string;
}

/** Prints the list; the result is the exit code. */
export function listFormats(isJson: boolean, { environment, say }: Surroundings): number {
  const listed: readonly Listed[] = [
    ...customFormats(dataFolderOf(environment)),
    ...allFormats.map((format) => ({ format })),
  ];
  say(isJson ? JSON.stringify(listed.map(toRow), null, 2) : toTable(listed));
  return 0;
}

function toRow({ format, file }: Listed): object {
  const { name, kind, models, source, example } = format;
  return { name, kind: file === undefined ? kind : 'custom', models, source, example, ...(file && { file }) };
}

function toTable(listed: readonly Listed[]): string {
  const cells = listed.map(({ format, file }) => [
    format.name,
    file === undefined ? format.kind : 'custom',
    shortened(format.models, 40),
    shortened(format.example.replaceAll('\n', '⏎'), 80),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => [...(row[column] ?? '')].length)));
  const rows = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return [
    ...rows,
    '',
    `${listed.length} formats. Which one a model speaks: aimindserve formats detect MODEL`,
    'How one works: aimindserve formats play NAME',
  ].join('\n');
}

function shortened(text: string, length: number): string {
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join('')}…`;
}
