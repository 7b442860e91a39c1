import { it } from 'vitest';
import { promptText } from '../../chat/prompt.ts';
import { carries } from './carries.ts';
import { readAnswer } from './feed.contract.ts';
import { renderNotation } from './notations.ts';

const tagged: any = {
  kind: 'tagged',
  open: '<parameter=',
  middle: '>',
  close: '</parameter>',
  separator: '\n',
  pad: '\n',
  escapes: 'none',
  spacing: 'spaced',
};
const nested: any = { kind: 'nested', start: ['<', '>'], end: ['</', '>'], separator: '', escapes: 'none' };
it('dbg', () => {
  const n: any = { ...tagged, open: '<k>', middle: '</t><v>', close: '</v>', type: { open: '</k><t>', words: 'type' } };
  const schema: any = {
    type: 'object',
    properties: { '0': {}, a: { type: 'object', properties: { a: {} }, additionalProperties: false } },
    additionalProperties: false,
  };
  const json =
    '{"a":{"a":"</function>"},"0":[[{"a":{"b":false,"a":0,"x-y":"5"}}],[{"a":{"b":false,"a":0,"x-y":"5"}}],[{"a":{"b":false,"a":0,"x-y":"5"}}]]}';
  const w = promptText(renderNotation(json, n, schema)) + '</function>';
  const cut = w.slice(0, Math.floor(0.19545454545454546 * w.length));
  console.log(w);
  console.log(
    JSON.stringify(cut),
    carries(n, json, schema),
    readAnswer(n, { schema, fences: ['</function>'] }, { text: cut, ended: 'length' }),
    readAnswer(n, { schema, fences: ['</function>'] }, { text: w }),
  );
  const j = '{"a b":{},"a":[["\\ud800</parameter>"],["\\ud800</parameter>"],["\\ud800</parameter>"]]}';
  const w2 = promptText(renderNotation(j, { kind: 'json', spacing: 'spaced' }, true)) + '</tool_call>';
  console.log(w2.slice(0, Math.floor(0.20588235294117646 * w2.length)));
});
it('perf', () => {
  const N: any = {
    python: { kind: 'python', quote: '"' },
    bare: { kind: 'bare', mark: '<|"|>', marked: 'strings' },
    scalars: { kind: 'bare', mark: '<escape>', marked: 'scalars' },
    tagged,
    xml: { ...tagged, escapes: 'xml' },
    nested,
    items: { ...nested, item: 'item', escapes: 'xml' },
  };
  const schema: any = {
    type: 'object',
    properties: {
      a: { type: 'string' },
      o: {},
      l: { type: 'array', items: { type: 'string' } },
      n: { type: 'array', items: { type: 'integer' } },
    },
  };
  const big = '<div class="x">\n\\hello & </p>\n'.repeat(33000);
  const list = JSON.stringify(Array.from({ length: 100000 }, (_, i) => 's' + i));
  const out: string[] = [];
  for (const [name, n] of Object.entries(N).slice(3) as any)
    for (const [what, json] of [
      ['string', JSON.stringify({ a: big })],
      ['open', JSON.stringify({ o: big })],
      ['list', `{"l":${list}}`],
      ['deepopen', '{"o":' + list + '}'],
    ] as any)
      for (const sizes of [[], [4]]) {
        const text = promptText(renderNotation(json, n, schema)) + (name === 'python' ? ')' : '</function>');
        const t = performance.now();
        const r = readAnswer(n, { schema, fences: ['</function>', '</tool_call>'] }, { text, sizes });
        console.error(
          [name, what, sizes.join(), text.length, r.end, Math.round(performance.now() - t) + 'ms', r.json.length].join(
            ' ',
          ),
        );
      }
  const h: [string, any, string][] = [
    ['python brackets', N.python, 'a=' + '['.repeat(1e6)],
    ['python parens', N.python, 'a=' + '('.repeat(200) + '1' + ')'.repeat(200) + ','.repeat(5)],
    ['bare deep', N.bare, '{a:'.repeat(3e5)],
    ['nested deep', N.nested, '<o>'.repeat(3e5)],
    ['tagged fences', tagged, '<parameter=a>\n' + '</function>'.repeat(90000)],
    ['tagged opens', tagged, '<parameter=a>\n' + '<parameter='.repeat(90000)],
    ['tagged newlines', tagged, '<parameter=a>\n' + '\n'.repeat(1e6)],
    ['tagged lt', tagged, '<parameter=a>\n' + '<'.repeat(1e6)],
    ['cdata', N.xml, '<parameter=a>\n' + '<![CDATA['.repeat(1e5)],
    ['amps', N.xml, '<parameter=a>\n' + '&'.repeat(1e6)],
    ['cdata open', N.items, '<o>' + '<![CDATA['.repeat(1e5) + '</o>'],
    ['nested opens', N.nested, '<o>' + '<a>'.repeat(3e5) + '</o>'],
    ['python word', N.python, 'a'.repeat(1e6)],
    ['py num', N.python, 'a=' + '1'.repeat(1e6)],
    ['py adj', N.python, 'a=' + '"a" '.repeat(2.5e5) + ')'],
    ['blanks', tagged, ' '.repeat(1e6)],
    ['py comments', N.python, '#\n'.repeat(5e5)],
    ['many args', tagged, '<parameter=a>\nx\n</parameter>\n'.repeat(30000) + '</function>'],
    ['dict keys', N.python, 'a={' + '"k":1,'.repeat(1e5) + '})'],
    ['bare word', N.bare, '{a:' + 'x'.repeat(1e6) + '}'],
    ['nested tags list', N.nested, '<l>a</l>'.repeat(1e5) + '</function>'],
    ['nested keys', N.nested, Array.from({ length: 60000 }, (_, i) => `<k${i}>1</k${i}>`).join('') + '</function>'],
    ['num open', tagged, '<parameter=o>\n' + '[1,'.repeat(3e5) + '\n</parameter></function>'],
  ];
  for (const [name, n, text] of h)
    for (const sizes of [[], [3]]) {
      const t = performance.now();
      const r = readAnswer(n, { schema, fences: ['</function>', '</tool_call>'] }, { text, sizes });
      console.error([name, sizes.join(), text.length, r.end, Math.round(performance.now() - t) + 'ms'].join(' '));
    }
  console.log(out.join('\n'));
}, 300000);
