/** `aimindserve audit`: what was changed, by whom and from where. */

import { showTime } from './figures.ts';
import type { Item } from './item.ts';
import type { RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

const columns: ReadonlyArray<Column<Item>> = [
  { title: 'WHEN', cell: (entry) => showTime(entry.number('at')) },
  { title: 'WHO', cell: (entry) => entry.text('actorName') },
  { title: 'FROM', cell: (entry) => entry.text('address') },
  { title: 'WHAT', cell: (entry) => entry.text('action') },
  { title: 'TO', cell: (entry) => entry.text('targetName') || entry.text('targetId') },
  { title: 'DETAIL', cell: (entry) => entry.text('detail') },
];

/** Shows it, newest first. */
export const audit: RemoteRun = async ({ client, options, showTable }) => {
  const most = options.integer('lines', 1, 10_000) ?? 50;
  const { items, body } = await client.list(['audit'], { search: options.text('search') }, most);
  showTable(body, { columns, items, none: 'Nothing was changed yet.' });
  return 0;
};
