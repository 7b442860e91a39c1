/** `aimindserve routes`: list, make and remove names that stand for several deployments. */

import { ConfigError } from '../../base/errors.ts';
import { findOne } from './find-one.ts';
import type { Item } from './item.ts';
import { askYes } from './person.ts';
import type { RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

const columns: ReadonlyArray<Column<Item>> = [
  { title: 'NAME', cell: (route) => route.text('name') },
  { title: 'TARGETS', cell: (route) => route.items('spec', 'targets').map(describeTarget).join(', ') },
  { title: 'FALLBACKS', cell: (route) => route.texts('spec', 'fallbacks').join(', ') || '–' },
  { title: 'NOTE', cell: (route) => route.texts('warnings').join(' ') || route.text('spec', 'description') },
];

function describeTarget(target: Item): string {
  return `${target.text('deployment')}=${target.number('weight')}`;
}

/** Lists them. */
export const listRoutes: RemoteRun = async ({ client, options, showTable }) => {
  const { items, body } = await client.list(['routes'], { search: options.text('search') });
  showTable(body, { columns, items, none: 'No routes yet: aimindserve routes create NAME --target DEPLOYMENT' });
  return 0;
};

/** Makes one. */
export const createRoute: RemoteRun = async ({ client, options, word, show }) => {
  const targets = options.words('target').map(readTarget);
  if (targets.length === 0)
    throw new ConfigError('invalid_config', 'A route needs a target: --target DEPLOYMENT, or DEPLOYMENT=WEIGHT.');
  const description = options.text('description');
  const body = {
    name: word(0),
    targets,
    fallbacks: options.words('fallback'),
    ...(description !== undefined && { description }),
  };
  const route = await client.ask({ method: 'POST', path: ['routes'], body });
  const described = route.items('spec', 'targets').map(describeTarget).join(', ');
  show(route.value, () => `'${route.text('name')}' now stands for ${described}.`);
  return 0;
};

/** Removes one. */
export const removeRoute: RemoteRun = async ({ client, options, word, surroundings }) => {
  const route = await findOne(client, { list: 'routes', noun: 'route' }, word(0));
  if (!(await askYes(`Remove the route ${route.text('name')}?`, options.isSet('yes')))) return 1;
  await client.ask({ method: 'DELETE', path: ['routes', route.text('id')] });
  surroundings.say(`Removed ${route.text('name')}; the deployments behind it stay.`);
  return 0;
};

/** `NAME` or `NAME=WEIGHT`; names of models hold no equals sign. */
function readTarget(text: string): { readonly deployment: string; readonly weight: number } {
  const [deployment = '', weight = '1', ...rest] = text.split('=');
  if (deployment === '' || rest.length > 0 || !/^\d{1,7}$/.test(weight))
    throw new ConfigError('invalid_config', `--target: '${text}' is not DEPLOYMENT=WEIGHT with a whole number.`);
  return { deployment, weight: Number(weight) };
}
