/** `x is divisibleby 3`: the library's parser knows no tests with arguments, so they reach it as filters. */

/** A token of the library's. */
export interface Token {
  readonly type: string;
  readonly value: string;
}

/** How a filter is called that stands for a test; no filter of a template can be called so. */
export const testPrefix = 'is ';
/** The same for `is not`. */
export const negatedPrefix = 'is not ';

const openers = new Map([
  ['OpenParen', 'CloseParen'],
  ['OpenSquareBracket', 'CloseSquareBracket'],
  ['OpenCurlyBracket', 'CloseCurlyBracket'],
]);
const closers = new Set(openers.values());
/** Words that go on with the expression; anything else behind a test is its argument. */
const continuing = new Set(['and', 'or', 'if', 'else', 'is', 'in', 'not', 'recursive']);
const pipe: Token = { type: 'Pipe', value: '|' };
const open: Token = { type: 'OpenParen', value: '(' };
const close: Token = { type: 'CloseParen', value: ')' };

/** The tokens, with every test that has an argument as a call of a filter; linear, however tests nest. */
export function callTests(tokens: readonly Token[]): Token[] {
  const partners = pairBrackets(tokens);
  const called: Token[] = [];
  /** How many arguments end before the token of this index. */
  const ending = new Map<number, number>();
  for (let at = 0; at <= tokens.length; at++) {
    for (let count = ending.get(at) ?? 0; count > 0; count--) called.push(close);
    const test = readTest(tokens, at, partners);
    if (test === undefined) {
      called.push(...tokens.slice(at, at + 1));
      continue;
    }
    called.push(pipe, { type: 'Identifier', value: test.name });
    if (tokens[test.start]?.type !== 'OpenParen') {
      called.push(open);
      ending.set(test.end, (ending.get(test.end) ?? 0) + 1);
    }
    at = test.start - 1;
  }
  return called;
}

interface Test {
  readonly name: string;
  /** Where its argument starts, and the index behind it. */
  readonly start: number;
  readonly end: number;
}

function readTest(tokens: readonly Token[], at: number, partners: ReadonlyMap<number, number>): Test | undefined {
  if (!isWord(tokens[at], 'is') || tokens[at - 1]?.type === 'Dot') return undefined;
  const isNegated = isWord(tokens[at + 1], 'not');
  const start = at + (isNegated ? 3 : 2);
  const name = tokens[start - 1];
  if (name?.type !== 'Identifier' || !isArgument(tokens[start])) return undefined;
  const end = endOfOperand(tokens, start, partners);
  return end === undefined ? undefined : { name: (isNegated ? negatedPrefix : testPrefix) + name.value, start, end };
}

function isArgument(token: Token | undefined): boolean {
  if (token?.type === 'Identifier') return !continuing.has(token.value);
  return token?.type === 'NumericLiteral' || token?.type === 'StringLiteral' || openers.has(token?.type ?? '');
}

/** The index behind a name, literal or bracket and the members and calls that follow it. */
function endOfOperand(
  tokens: readonly Token[],
  start: number,
  partners: ReadonlyMap<number, number>,
): number | undefined {
  const behind = (bracket: number) => {
    const partner = partners.get(bracket);
    return partner === undefined ? undefined : partner + 1;
  };
  let at = openers.has(tokens[start]?.type ?? '') ? behind(start) : start + 1;
  while (at !== undefined) {
    const type = tokens[at]?.type;
    if (type === 'Dot') at += 2;
    else if (type === 'OpenSquareBracket' || type === 'OpenParen') at = behind(at);
    else return at;
  }
  return undefined;
}

/** For every opening bracket the index of the one that closes it. */
function pairBrackets(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const partners = new Map<number, number>();
  const waiting: number[] = [];
  tokens.forEach(({ type }, index) => {
    if (openers.has(type)) waiting.push(index);
    const opener = closers.has(type) ? waiting.pop() : undefined;
    if (opener !== undefined) partners.set(opener, index);
  });
  return partners;
}

const isWord = (token: Token | undefined, word: string): boolean =>
  token?.type === 'Identifier' && token.value === word;
