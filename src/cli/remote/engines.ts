/** `aimindserve engine`: the programs and libraries that run models on the server. */

import { resolve } from 'node:path';
import { RequestError } from '../../base/errors.ts';
import { exitCodes } from '../exit-code.ts';
import { showBytes } from './figures.ts';
import { untilInterrupt } from './interrupt.ts';
import type { Item } from './item.ts';
import { LiveLine } from './live-line.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

const columns: ReadonlyArray<Column<Item>> = [
  { title: 'ENGINE', cell: (engine) => engine.text('id') },
  { title: 'NAME', cell: (engine) => engine.text('name') },
  { title: 'VERSION', cell: (engine) => engine.text('version') || '–' },
  { title: 'FOR', cell: (engine) => engine.text('accelerator') || '–' },
  { title: 'STATE', cell: (engine) => engine.text('state') },
  { title: 'FROM', cell: (engine) => engine.text('origin') },
  {
    title: 'SIZE',
    isNumber: true,
    cell: (engine) => (engine.has('sizeBytes') ? showBytes(engine.number('sizeBytes')) : '–'),
  },
  { title: 'NOTE', cell: (engine) => engine.text('reason') || engine.texts('command').join(' ') },
];

/** Lists them. */
export const listEngines: RemoteRun = async ({ client, showTable }) => {
  const { items, body } = await client.list(['engines']);
  showTable(body, { columns, items, none: 'No engines but the embedded one.' });
  return 0;
};

/** What people call them. */
const names: Readonly<Record<string, string>> = {
  vllm: 'vllm',
  llama: 'llama-libraries',
  'llama-libraries': 'llama-libraries',
};
const accelerators = ['cpu', 'cuda', 'vulkan', 'metal'] as const;

/** Installs one and shows how far it is. */
export const installEngine: RemoteRun = async (remote) => {
  const { client, options, surroundings, show } = remote;
  const engine = await client.ask({ method: 'POST', path: ['engines'], body: wishOf(remote) });
  if (options.isSet('detach')) {
    show(engine.value, () => `Installing it (${engine.text('id')}); see: aimindserve engine list`);
    return 0;
  }
  const end = await untilInterrupt((signal) => follow(remote, engine, signal));
  if (end === undefined) {
    const id = engine.text('id');
    surroundings.warn(
      `The installation goes on. Its log: aimindserve engine logs ${id}   End it: aimindserve engine rm ${id}`,
    );
    return exitCodes.interrupted.code;
  }
  if (end.text('state') !== 'ready') {
    surroundings.warn(end.text('reason') || 'The installation was cancelled.');
    return exitCodes.failed.code;
  }
  show(end.value, () => [`${describe(end)} is installed.`, end.text('reason')].join(' ').trimEnd());
  return 0;
};

function wishOf({ options, word, surroundings }: Remote): Readonly<Record<string, string>> {
  const name = names[word(0)];
  if (name === undefined)
    throw new RequestError('invalid_value', `'${word(0)}' is no engine that can be installed: vllm and llama are.`);
  const chosen = accelerators.filter((each) => options.isSet(each));
  if (chosen.length > 1) throw new RequestError('invalid_value', `Choose one of --${chosen.join(' and --')}.`);
  const wheels = options.text('wheels');
  const wish = {
    name,
    version: options.text('version'),
    accelerator: chosen[0],
    index: options.text('index'),
    wheels: wheels === undefined ? undefined : resolve(surroundings.folder, wheels),
  };
  return Object.fromEntries(
    Object.entries(wish).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Shows an installation until it ends; undefined = it was no longer waited for. */
async function follow({ client, screen }: Remote, first: Item, signal: AbortSignal): Promise<Item | undefined> {
  const line = new LiveLine(screen);
  const id = first.text('id');
  try {
    if (first.text('state') !== 'installing') return first;
    for await (const { type, item } of client.watch(['engines'], signal)) {
      const seen = type === 'snapshot' ? item.items('items').find((one) => one.text('id') === id) : item;
      const isGone = type === 'deleted' ? item.text('id') === id : seen === undefined;
      if (isGone) return await standIn(client, first);
      if (seen?.text('id') !== id) continue;
      if (seen.text('state') === 'ready' || seen.text('state') === 'failed') return seen;
      line.show(`${describe(seen)}: ${seen.text('reason')}`, seen.text('reason').split(':', 1)[0]);
    }
    return undefined;
  } finally {
    line.end();
  }
}

/** An installation that found its version there is gone, and there is what was wished. */
async function standIn(client: Remote['client'], first: Item): Promise<Item> {
  const { items } = await client.list(['engines']);
  const isThere = (one: Item): boolean =>
    one.text('name') === first.text('name') && one.text('origin') === 'installed' && one.text('state') === 'ready';
  return items.find(isThere) ?? first;
}

function describe(engine: Item): string {
  return `${engine.text('name')} ${engine.text('version')}`.trimEnd();
}

/** Removes one, or cancels its installation. */
export const removeEngine: RemoteRun = async (remote) => {
  const engine = await findEngine(remote);
  await remote.client.ask({ method: 'DELETE', path: ['engines', engine.text('id')], timeoutMs: 600_000 });
  remote.surroundings.say(`${describe(engine)} is removed.`);
  return 0;
};

/** What its installation said. */
export const engineLogs: RemoteRun = async (remote) => {
  const { client, options, print } = remote;
  const engine = await findEngine(remote);
  const path = ['engines', engine.text('id'), 'log'];
  const query = { lines: options.integer('lines', 0, 100_000), follow: options.isSet('follow') || undefined };
  await untilInterrupt(async (signal) => {
    for await (const part of client.stream({ path, query, signal })) print(part);
  });
  return 0;
};

/** By its id, by `vllm 0.32.0` in one word or two, or by a name that only one of them has. */
async function findEngine({ client, words }: Remote): Promise<Item> {
  const wanted = words.join(' ').replace(/[@=]+/, ' ');
  const { items } = await client.list(['engines']);
  const found = items.filter((one) => [one.text('id'), one.text('name'), describe(one)].includes(wanted));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const why = found.length === 0 ? `There is no engine '${wanted}'` : `${found.length} engines are called '${wanted}'`;
  throw new RequestError('not_found', `${why}; their ids: aimindserve engine list`);
}
