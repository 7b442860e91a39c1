/** `aimindserve devices`: what the server computes with. */

import { showBytes } from './figures.ts';
import type { Item } from './item.ts';
import { toPair } from './options.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

/** How a device is shown. */
export const deviceColumns: ReadonlyArray<Column<Item>> = [
  { title: 'DEVICE', cell: (device) => device.text('id') },
  { title: 'STATE', cell: (device) => (device.isTrue('isCordoned') ? 'cordoned' : 'in use') },
  { title: 'MEMORY', isNumber: true, cell: (device) => showBytes(device.number('memoryBytes')) },
  { title: 'USED', isNumber: true, cell: (device) => showBytes(device.number('memoryUsedBytes')) },
  { title: 'BUSY', isNumber: true, cell: (device) => showPart(device.number('utilisation')) },
  { title: 'INSTANCES', isNumber: true, cell: (device) => String(device.items('instances').length) },
  { title: 'LABELS', cell: (device) => showLabels(device) || '–' },
  { title: 'NAME', cell: (device) => device.text('name') },
];

function showLabels(device: Item): string {
  return device
    .entries('labels')
    .map(([key, value]) => `${key}=${value.text()}`)
    .join(' ');
}

function showPart(part: number | undefined): string {
  return part === undefined ? '–' : `${Math.round(part * 100)} %`;
}

/** Lists them. */
export const listDevices: RemoteRun = async ({ client, showTable }) => {
  const { items, body } = await client.list(['devices']);
  showTable(body, { columns: deviceColumns, items, none: 'No devices.' });
  return 0;
};

/** Keeps one free of new instances. */
export const cordon: RemoteRun = (remote) => setCordoned(remote, true);

/** Takes one back into use. */
export const uncordon: RemoteRun = (remote) => setCordoned(remote, false);

/** Changes labels; an empty value takes one off. */
export const label: RemoteRun = async ({ client, word, words, show }) => {
  const path = ['devices', word(0)];
  const { items } = await client.list(['devices']);
  const before = items.find((device) => device.text('id') === word(0))?.entries('labels') ?? [];
  const labels = new Map(before.map(([key, value]) => [key, value.text()]));
  for (const change of words.slice(1)) {
    const [key, value] = toPair(change, 'A label');
    if (value === '') labels.delete(key);
    else labels.set(key, value);
  }
  const device = await client.ask({ method: 'PATCH', path, body: { labels: Object.fromEntries(labels) } });
  show(device.value, () => `${device.text('id')}: ${showLabels(device) || 'no labels'}`);
  return 0;
};

async function setCordoned({ client, word, show }: Remote, isCordoned: boolean): Promise<number> {
  const device = await client.ask({ method: 'PATCH', path: ['devices', word(0)], body: { isCordoned } });
  const said = isCordoned ? 'gets no new instances; those on it go on' : 'is in use again';
  show(device.value, () => `${device.text('id')} ${said}.`);
  return 0;
}
