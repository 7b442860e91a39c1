/** `aimindserve captures`: the requests of a key that were kept whole. */

import { isObject } from '../../base/json.ts';
import { showBytes, showTime } from './figures.ts';
import { findOne } from './find-one.ts';
import type { Item } from './item.ts';
import type { RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

const columns: ReadonlyArray<Column<Item>> = [
  { title: 'ID', cell: (capture) => capture.text('id') },
  { title: 'WHEN', cell: (capture) => showTime(capture.number('at')) },
  { title: 'MODEL', cell: (capture) => capture.text('model') },
  { title: 'OUTCOME', cell: (capture) => capture.text('outcome') },
  { title: 'PROMPT', isNumber: true, cell: (capture) => capture.text('promptTokens') },
  { title: 'ANSWER', isNumber: true, cell: (capture) => capture.text('completionTokens') },
  { title: 'TOOK', isNumber: true, cell: (capture) => `${capture.text('durationMs')} ms` },
  { title: 'SIZE', isNumber: true, cell: (capture) => showBytes(capture.number('sizeBytes')) },
];

/** Lists what was captured of a key, newest first. */
export const listCaptures: RemoteRun = async ({ client, options, word, showTable }) => {
  const key = await findOne(client, { list: 'keys', noun: 'key' }, word(0));
  const most = options.integer('lines', 1, 10_000) ?? 50;
  const { items, body } = await client.list(['keys', key.text('id'), 'captures'], {}, most);
  const none = key.has('capture')
    ? 'Nothing was captured yet.'
    : `Nothing is captured of this key: aimindserve keys edit ${key.text('name')} --capture on`;
  showTable(body, { columns, items, none });
  return 0;
};

/** Shows one: what was asked, what the model was given, what it wrote, and what became of it. */
export const showCapture: RemoteRun = async ({ client, word, show }) => {
  const capture = await client.get(['captures', word(0)]);
  show(capture.value, () => describe(capture));
  return 0;
};

function describe(capture: Item): string {
  const facts = [showTime(capture.number('at')), capture.text('model'), capture.text('outcome')];
  const transcript = capture.at('transcript');
  const parts = [
    section('Request', JSON.stringify(transcript.at('request').value, undefined, 2)),
    ...transcript.items('steps').map(describeStep),
    ...(transcript.has('answer')
      ? [section('Answer', JSON.stringify(transcript.at('answer').value, undefined, 2))]
      : []),
    ...(transcript.isTrue('isCut') ? ['It was longer than is kept.'] : []),
  ];
  return [facts.join('  '), ...parts].join('\n\n');
}

function describeStep(step: Item): string {
  if (step.text('kind') === 'prompt') return section('Prompt', joined(step.items('segments')));
  return section('The model wrote', joined(step.items('pieces')));
}

/** Texts as they follow each other; special tokens by their spelling. */
function joined(pieces: readonly Item[]): string {
  return pieces
    .map((piece) => (isObject(piece.value) ? piece.text('text') || piece.text('special') : piece.text()))
    .join('');
}

function section(title: string, text: string): string {
  return `== ${title}\n${text}`;
}
