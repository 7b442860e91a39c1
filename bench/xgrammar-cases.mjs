/** Prints what `xgrammar.py` compares: structural tags of calls, and texts with our automaton's verdict on them. */

import { allFormats, promptText } from '../dist/formats/index.js';
import { compileGrammar, printStructuralTag } from '../dist/grammar/index.js';
import { askFor, makeTools } from './tools.mjs';

const encoder = new TextEncoder();
const tools = makeTools(3);
const values = {
  id: 'é"好😀\\',
  status: 'open',
  limit: 7,
  tags: ['a'],
  period: { from: '2026-11-21' },
  note: null,
  urgent: true,
};
const asks = [
  {},
  { choice: { type: 'required' } },
  { choice: { type: 'none' } },
  { parallel: false },
  { promptEnd: 'reasoning' },
];

function callTo({ name, parameters }, index) {
  const given = Object.fromEntries(Object.keys(parameters.properties).map((key) => [key, values[key]]));
  return { id: `call-${index}`, name, arguments: JSON.stringify(given) };
}

/** The text, and the text cut, doubled and with a letter too many at some places. */
function variants(text) {
  const places = Array.from({ length: 12 }, (_, index) => Math.floor((text.length * (index + 1)) / 13));
  return [
    text,
    '',
    `${text}${text}`,
    ...places.flatMap((at) => [text.slice(0, at), `${text.slice(0, at)}"${text.slice(at)}`]),
  ];
}

/** Undefined also where calls cannot be written without special tokens. */
function printed(constraint) {
  try {
    return printStructuralTag(constraint, () => undefined);
  } catch (error) {
    if (error.code === 'invalid_schema') return undefined;
    throw error;
  }
}

for (const format of allFormats)
  for (const changes of asks) {
    const { constraint } = format.answer({ ...askFor(tools), ...changes });
    // The specials of no vocabulary: all openings are letters, and the verdicts can agree exactly.
    const tag = printed(constraint);
    if (tag === undefined || tag.relaxed.length > 0) continue;
    const compiled = compileGrammar(constraint.grammar);
    const written = [tools.slice(0, 1), tools].map((some) =>
      promptText(format.render({ text: 'Well,', calls: some.map(callTo), tools })),
    );
    const cases = ['Just text, no call: {"a": 1}', ...written]
      .flatMap(variants)
      .filter((text) => text.isWellFormed?.() ?? true)
      .map((text) => {
        const cursor = compiled.start();
        return { text, accepted: cursor.accept(encoder.encode(text)) && cursor.mayEnd() };
      });
    console.log(JSON.stringify({ name: `${format.name} ${JSON.stringify(changes)}`, tag: tag.text, cases }));
  }
