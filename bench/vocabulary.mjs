/** A made-up vocabulary of a real one's size and shape: bytes, words with and without a blank before, code, CJK. */

const encoder = new TextEncoder();

/** Numbers from 0 to 1, the same in every run. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const syllables =
  'a e i o u an en in on er re al es ti to te or it is ar st ed co de ma no la ra se me pro con ter ing'.split(' ');
const signs = [
  '"',
  '":',
  '", "',
  '": "',
  '{"',
  '"}',
  '}}',
  '],',
  '[{',
  '()',
  ');',
  ' =',
  ' {',
  '\n\n',
  '    ',
  '\t',
  '\\n',
  '\\"',
  '</',
  '/>',
];

/** Bytes of each token; the last 20 are special. */
export function makeVocabulary(size = 152_000) {
  const random = randomNumbers(7);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const texts = new Set([...signs, ...Array.from({ length: 1000 }, (_, index) => String(index))]);
  while (texts.size < size - 276) {
    const kind = random();
    if (kind < 0.12)
      texts.add(String.fromCodePoint(0x4e00 + Math.floor(random() * 8000), 0x4e00 + Math.floor(random() * 8000)));
    else if (kind < 0.18) texts.add(pick(signs) + pick(signs));
    else {
      const word = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(syllables)).join('');
      const cased = random() < 0.25 ? word[0].toUpperCase() + word.slice(1) : word;
      texts.add((random() < 0.6 ? ' ' : random() < 0.1 ? '_' : '') + cased);
    }
  }
  const tokens = [
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    ...[...texts].map((each) => encoder.encode(each)),
  ];
  const specials = Array.from({ length: 20 }, (_, index) => `<|special_${index}|>`);
  const none = new Uint8Array();
  return {
    size: tokens.length + specials.length,
    bytes: (id) => tokens[id] ?? none,
    special: (id) => specials[id - tokens.length],
    tokens,
    specials,
  };
}

/** Ids of the longest tokens that fit, one after the other. */
export function makeTokenizer({ tokens }) {
  const ids = new Map(tokens.map((bytes, id) => [Buffer.from(bytes).toString('latin1'), id]));
  return (text) => {
    const bytes = Buffer.from(text).toString('latin1');
    const out = [];
    for (let at = 0; at < bytes.length; ) {
      let length = Math.min(24, bytes.length - at);
      while (length > 1 && !ids.has(bytes.slice(at, at + length))) length--;
      out.push(ids.get(bytes.slice(at, at + length)));
      at += length;
    }
    return out;
  };
}

/** The tokens as GPT-2's tokenizer spells bytes, which is how xgrammar wants them. */
export function byteLevel({ tokens, specials }) {
  const isPlain = (byte) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  let next = 256;
  const letters = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPlain(byte) ? byte : next++));
  return [...tokens.map((bytes) => Array.from(bytes, (byte) => letters[byte]).join('')), ...specials];
}
