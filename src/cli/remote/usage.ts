/** `aimindserve usage`: what was asked, and how it went, by model, key or user. */

import { ConfigError } from '../../base/errors.ts';
import type { Item } from './item.ts';
import type { RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

const groups = ['model', 'key', 'user'] as const;
const daySeconds = 86_400;

const groupColumns: Readonly<Record<(typeof groups)[number], Column<Item>>> = {
  model: { title: 'MODEL', cell: (sum) => sum.text('model') || '–' },
  key: { title: 'KEY', cell: (sum) => sum.text('key', 'name') || sum.text('key', 'id') },
  user: { title: 'USER', cell: (sum) => sum.text('user', 'name') || sum.text('user', 'id') || '–' },
};

const columns: ReadonlyArray<Column<Item>> = [
  { title: 'REQUESTS', isNumber: true, cell: (sum) => showCount(sum.number('requests')) },
  { title: 'FAILED', isNumber: true, cell: (sum) => showCount(failuresOf(sum)) },
  { title: 'TOKENS IN', isNumber: true, cell: (sum) => showCount(sum.number('tokens', 'prompt')) },
  { title: 'CACHED', isNumber: true, cell: (sum) => showCount(sum.number('tokens', 'cached')) },
  { title: 'TOKENS OUT', isNumber: true, cell: (sum) => showCount(sum.number('tokens', 'completion')) },
  { title: 'CALLS', isNumber: true, cell: (sum) => showCount(sum.number('calls', 'made')) },
  { title: 'MENDED', isNumber: true, cell: (sum) => showCount(sum.number('calls', 'mended')) },
  { title: 'CUT', isNumber: true, cell: (sum) => showCount(sum.number('calls', 'cut')) },
  { title: 'INVALID', isNumber: true, cell: (sum) => showCount(sum.number('calls', 'failed')) },
  { title: 'FIRST TOKEN', isNumber: true, cell: (sum) => showMs(sum.number('times', 'firstToken', 'p50Ms')) },
  { title: 'WHOLE', isNumber: true, cell: (sum) => showMs(sum.number('times', 'total', 'p50Ms')) },
];

/** Shows it; tokens of prompts and answers, calls, and the times that half of all were quicker than. */
export const usage: RemoteRun = async ({ client, options, print, showTable }) => {
  const said = options.words('by');
  const by = said.length === 0 ? ['model'] : said;
  const wrong = by.find((word) => !groups.some((group) => group === word));
  if (wrong !== undefined)
    throw new ConfigError('invalid_config', `--by: '${wrong}' is not one of ${groups.join(', ')}.`);
  const days = options.integer('days', 1, 730) ?? 7;
  const from = Math.max(0, Math.floor(Date.now() / 1_000) - days * daySeconds);
  const query = { from, group: by.join(',') };
  if (options.isSet('csv')) {
    print(await client.text({ path: ['usage'], query: { ...query, format: 'csv' } }));
    return 0;
  }
  const { items, body } = await client.list(['usage'], query);
  const shown = groups.filter((group) => by.includes(group)).map((group) => groupColumns[group]);
  const none = `Nothing was asked in the last ${days === 1 ? 'day' : `${days} days`}.`;
  showTable(body, { columns: [...shown, ...columns], items, none });
  return 0;
};

function failuresOf(sum: Item): number {
  return sum.entries('failures').reduce((all, [, count]) => all + (count.number() ?? 0), 0);
}

/** `1234`, `56.7k`, `8.9M`. */
function showCount(count: number | undefined): string {
  if (count === undefined) return '–';
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

function showMs(timeMs: number | undefined): string {
  if (timeMs === undefined) return '–';
  return timeMs < 1_000 ? `${timeMs} ms` : `${(timeMs / 1_000).toFixed(1)} s`;
}
