/** `aimindserve models list` and `rm`: what is on the server, and what is well known. */

import { showBytes } from './figures.ts';
import { findOne } from './find-one.ts';
import type { Item } from './item.ts';
import { askYes } from './person.ts';
import { progressBar } from './progress-bar.ts';
import { sourceText } from './read-source.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import { type Column, tableOf } from './table.ts';

const fileColumns: ReadonlyArray<Column<Item>> = [
  { title: 'ID', cell: (file) => file.text('id') },
  { title: 'NAME', cell: (file) => file.text('name') },
  { title: 'VARIANT', cell: (file) => file.text('quantisation') || '–' },
  { title: 'SIZE', isNumber: true, cell: (file) => showBytes(file.number('sizeBytes')) },
  { title: 'FROM', cell: (file) => file.text('origin') },
  { title: 'FILE', cell: describeFile },
];

function describeFile(file: Item): string {
  const path = file.texts('files')[0] ?? '';
  return file.has('problem') ? `${path} (cannot be served: ${file.text('problem')})` : path;
}

const downloadColumns: ReadonlyArray<Column<Item>> = [
  { title: 'DOWNLOAD', cell: (download) => download.text('id') },
  { title: 'MODEL', cell: (download) => sourceText(download.at('source')) },
  { title: 'STATE', cell: (download) => download.text('state') },
  { title: 'PROGRESS', cell: (download) => download.text('error') || progressBar(download.at('progress')) },
];

const catalogueColumns: ReadonlyArray<Column<Item>> = [
  { title: 'NAME', cell: (entry) => entry.text('name') },
  { title: 'PARAMETERS', isNumber: true, cell: (entry) => showParameters(entry.number('parameterCount')) },
  { title: 'CONTEXT', isNumber: true, cell: (entry) => entry.text('contextLength') || '–' },
  { title: 'TOOLS', cell: (entry) => entry.text('tools') },
  { title: 'FITS', cell: (entry) => fittingSize(entry) },
  { title: 'LICENCE', cell: (entry) => entry.text('licence') },
];

/** `7.6 B` = thousand million. */
export function showParameters(count: number | undefined): string {
  if (count === undefined) return '–';
  return count >= 1e9 ? `${(count / 1e9).toFixed(1)} B` : `${Math.round(count / 1e6)} M`;
}

function fittingSize(entry: Item): string {
  const fitting = entry.items('variants').find((variant) => variant.isTrue('fits'));
  return fitting === undefined ? 'no' : `${fitting.text('quantisation')}, ${showBytes(fitting.number('sizeBytes'))}`;
}

/** Lists. */
export const listModels: RemoteRun = async (remote) => {
  const search = remote.options.text('search');
  if (remote.options.isSet('catalogue')) {
    const fitsOnly = remote.options.isSet('fits') ? true : undefined;
    const { items, body } = await remote.client.list(['catalogue'], { search, fitsOnly });
    remote.showTable(body, { columns: catalogueColumns, items, none: 'Nothing found.' });
    return 0;
  }
  return listOnDisk(remote, search);
};

async function listOnDisk({ client, surroundings, options, showTable }: Remote, search?: string): Promise<number> {
  const [files, downloads] = await Promise.all([
    client.list(['model-files'], { search }),
    client.list(['downloads'], { search }),
  ]);
  const underWay = downloads.items.filter((download) => ['waiting', 'running'].includes(download.text('state')));
  const body = { ...files.body, downloads: underWay.map(({ value }) => value) };
  showTable(body, { columns: fileColumns, items: files.items, none: 'No models yet: aimindserve models pull MODEL' });
  if (underWay.length > 0 && !options.isSet('json')) surroundings.say(`\n${tableOf(downloadColumns, underWay)}`);
  return 0;
}

/** Deletes a model that the server fetched itself. */
export const removeModel: RemoteRun = async ({ client, options, word, surroundings }) => {
  const file = await findOne(client, { list: 'model-files', noun: 'model' }, word(0));
  const label = `${file.text('name')} (${showBytes(file.number('sizeBytes'))})`;
  if (!(await askYes(`Delete the files of ${label}?`, options.isSet('yes')))) return 1;
  await client.ask({ method: 'DELETE', path: ['model-files', file.text('id')] });
  surroundings.say(`Deleted ${label}.`);
  return 0;
};
