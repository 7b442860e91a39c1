/** `aimindserve models search` and `files`: what hubs offer. */

import { toOneOf } from '../setting-values.ts';
import { showBytes, showTime } from './figures.ts';
import type { Item } from './item.ts';
import type { Options } from './options.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

const hubNames: Readonly<Record<string, string>> = { hf: 'huggingface', ms: 'modelscope' };

const modelColumns: ReadonlyArray<Column<Item>> = [
  { title: 'REPOSITORY', cell: (model) => model.text('repository') },
  { title: 'DOWNLOADS', isNumber: true, cell: (model) => model.text('downloads') },
  { title: 'LIKES', isNumber: true, cell: (model) => model.text('likes') },
  { title: 'GGUF', cell: (model) => (model.isTrue('hasGguf') ? 'yes' : 'no') },
  { title: 'UPDATED', cell: (model) => showTime(model.number('updatedAt')).slice(0, 10) },
  { title: 'LICENCE', cell: (model) => `${model.text('licence')}${model.isTrue('isGated') ? ' (gated)' : ''}` },
];

const variantColumns: ReadonlyArray<Column<Item>> = [
  { title: 'VARIANT', cell: (variant) => variant.text('quantisation') || variant.text('name') },
  { title: 'SIZE', isNumber: true, cell: (variant) => showBytes(variant.number('sizeBytes')) },
  { title: 'FILES', isNumber: true, cell: (variant) => String(variant.items('files').length) },
  { title: 'FIRST FILE', cell: describeFiles },
];

function describeFiles(variant: Item): string {
  const first = variant.items('files')[0]?.text('path') ?? '';
  const missing = variant.texts('missing');
  const projector = variant.has('projector') ? ' + images' : '';
  return missing.length === 0 ? first + projector : `${first} (parts missing: ${missing.join(', ')})`;
}

/** Searches. */
export const searchModels: RemoteRun = async (remote) => {
  const { client, options, words, showTable } = remote;
  const found = await client.get(['hubs', hubOf(options), 'models'], {
    search: words.join(' '),
    gguf: options.choice('gguf') ?? true,
    sort: options.text('sort'),
    limit: options.integer('limit', 1, 50),
  });
  tellHub(remote, found);
  showTable(found.value, { columns: modelColumns, items: found.items('models'), none: 'Nothing found.' });
  return 0;
};

/** Lists what can be deployed of a repository. */
export const listVariants: RemoteRun = async (remote) => {
  const { client, options, word, showTable } = remote;
  const { hub, repository } = splitHub(word(0), options);
  const found = await client.get(['hubs', hub, 'files'], { repository });
  tellHub(remote, found);
  const none = `${repository} holds no GGUF model; its ${found.items('files').length} files are listed with --json.`;
  showTable(found.value, { columns: variantColumns, items: found.items('variants'), none });
  return 0;
};

function hubOf(options: Options): string {
  const text = options.text('hub') ?? 'auto';
  const known = ['auto', 'hf', 'huggingface', 'ms', 'modelscope'] as const;
  const hub = toOneOf({ values: [text], source: '--hub' }, known);
  return hubNames[hub] ?? hub;
}

/** `hf:` and `ms:` before a repository name its hub, as in deploy. */
function splitHub(text: string, options: Options): { hub: string; repository: string } {
  const [, prefix, repository = ''] = /^(?:(hf|ms):)?(.*?)(?::[^/:]*)?$/.exec(text) ?? [];
  return { hub: prefix === undefined ? hubOf(options) : (hubNames[prefix] ?? prefix), repository };
}

function tellHub({ options, surroundings }: Remote, found: Item): void {
  const note = found.text('note');
  if (note !== '' && !options.isSet('json')) surroundings.warn(note);
}
