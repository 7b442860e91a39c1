/** `aimindserve ps`: deployments with their state. */

import { describeProgress } from './follow-deployment.ts';
import { untilInterrupt } from './interrupt.ts';
import type { Item } from './item.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import { type Column, tableOf } from './table.ts';

/** How a deployment is shown. */
export const deploymentColumns: ReadonlyArray<Column<Item>> = [
  { title: 'NAME', cell: describeNames },
  { title: 'STATE', cell: (deployment) => deployment.text('state') },
  {
    title: 'READY',
    isNumber: true,
    cell: (deployment) => `${deployment.text('readyReplicas')}/${deployment.text('spec', 'replicas')}`,
  },
  { title: 'CONTEXT', isNumber: true, cell: contextOf },
  { title: 'DEVICE', cell: describeDevices },
  { title: 'FORMAT', cell: (deployment) => deployment.text('model', 'toolFormat') || '–' },
  { title: 'TOOLS', cell: (deployment) => deployment.text('verdict', 'verdict') || '–' },
  { title: 'MODEL', cell: (deployment) => deployment.text('source') },
  { title: 'WHY', cell: (deployment) => (isWell(deployment) ? '' : describeProgress(deployment)) },
];

function describeNames(deployment: Item): string {
  const declared = deployment.text('declaredBy') === 'command-line' ? ' (by flag)' : '';
  return [deployment.text('name'), ...deployment.texts('spec', 'aliases')].join(',') + declared;
}

/** A remote server may not tell. */
function contextOf(deployment: Item): string {
  const context = deployment.text('model', 'contextPerRequest');
  return context === '' || context === '0' ? '–' : context;
}

function describeDevices(deployment: Item): string {
  const devices = deployment.items('instances').flatMap((instance) => instance.texts('devices'));
  return [...new Set(devices)].sort().join(',') || '–';
}

function isWell(deployment: Item): boolean {
  return ['ready', 'stopped', 'idle'].includes(deployment.text('state'));
}

/** Shows them, once or for as long as one watches. */
export const ps: RemoteRun = async (remote) => {
  const { client, options, showTable } = remote;
  if (options.isSet('watch')) return watch(remote);
  const { items, body } = await client.list(['deployments'], { search: options.text('search') });
  showTable(body, { columns: deploymentColumns, items, none: 'Nothing is deployed yet: aimindserve deploy MODEL' });
  return 0;
};

/** On a terminal the table is drawn anew; otherwise, and as JSON, each change is a line. */
async function watch({ client, options, surroundings }: Remote): Promise<number> {
  const shown = new Map<string, Item>();
  const isScreen = process.stdout.isTTY === true && !options.isSet('json');
  await untilInterrupt(async (signal) => {
    for await (const { type, item } of client.watch(['deployments'], signal)) {
      if (options.isSet('json')) surroundings.say(JSON.stringify({ event: type, data: item.value }));
      keep(shown, type, item);
      if (isScreen)
        surroundings.say(`\u001b[H\u001b[2J${tableOf(deploymentColumns, sorted(shown), process.stdout.columns)}`);
      else if (!options.isSet('json')) surroundings.say(describeChange(type, item, shown));
    }
  });
  return 0;
}

/** Brings what is shown up to date. */
export function keep(shown: Map<string, Item>, type: string, item: Item): void {
  if (type === 'snapshot') {
    shown.clear();
    for (const one of item.items('items')) shown.set(one.text('id'), one);
  } else if (type === 'deleted') shown.delete(item.text('id'));
  else shown.set(item.text('id'), item);
}

function sorted(shown: ReadonlyMap<string, Item>): readonly Item[] {
  return [...shown.values()].sort((one, other) => (one.text('name') < other.text('name') ? -1 : 1));
}

function describeChange(type: string, item: Item, shown: ReadonlyMap<string, Item>): string {
  if (type === 'snapshot') return tableOf(deploymentColumns, sorted(shown));
  if (type === 'deleted') return `${item.text('id')}  removed`;
  return `${item.text('name')}  ${item.text('state')}  ${describeProgress(item)}`;
}
