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
const plainArguments = new Set(['NumericLiteral', 'StringLiteral', 'Identifier']);

/** The tokens, with every test that has an argument as a call of a filter. */
export function callTests(tokens: readonly Token[]): Token[] {
  const called: Token[] = [];
  let at = 0;
  while (at < tokens.length) {
    const test =
      isWord(tokens[at], 'is') && called.length > 0 && !isDot(tokens[at - 1]) ? readTest(tokens, at) : undefined;
    const [token] = tokens.slice(at, at + 1);
    if (test === undefined) {
      if (token !== undefined) called.push(token);
      at++;
      continue;
    }
    // Arguments may hold tests themselves.
    const inner = callTests(tokens.slice(test.start, test.end));
    const isCall = tokens[test.start]?.type === 'OpenParen';
    const [open, close] = isCall
      ? [[], []]
      : [[{ type: 'OpenParen', value: '(' }], [{ type: 'CloseParen', value: ')' }]];
    called.push({ type: 'Pipe', value: '|' }, { type: 'Identifier', value: test.name }, ...open, ...inner, ...close);
    at = test.end;
  }
  return called;
}

function readTest(tokens: readonly Token[], at: number): { name: string; start: number; end: number } | undefined {
  const isNegated = isWord(tokens[at + 1], 'not');
  const nameAt = at + (isNegated ? 2 : 1);
  const [name, first] = [tokens[nameAt], tokens[nameAt + 1]];
  if (name?.type !== 'Identifier' || first === undefined) return undefined;
  const isArgument = plainArguments.has(first.type)
    ? !continuing.has(first.value) || first.type !== 'Identifier'
    : openers.has(first.type);
  if (!isArgument) return undefined;
  const end = endOfOperand(tokens, nameAt + 1);
  return end === undefined
    ? undefined
    : { name: (isNegated ? negatedPrefix : testPrefix) + name.value, start: nameAt + 1, end };
}

/** Behind a name, literal or bracket and the members and calls that follow it. */
function endOfOperand(tokens: readonly Token[], start: number): number | undefined {
  const first = tokens[start];
  let at = first !== undefined && openers.has(first.type) ? endOfBracket(tokens, start) : start + 1;
  if (first?.type === 'OpenParen') return at;
  while (at !== undefined) {
    const next = tokens[at];
    if (next?.type === 'Dot') at += 2;
    else if (next?.type === 'OpenSquareBracket' || next?.type === 'OpenParen') at = endOfBracket(tokens, at);
    else return at;
  }
  return undefined;
}

function endOfBracket(tokens: readonly Token[], start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const type = tokens[at]?.type ?? '';
    if (openers.has(type)) depth++;
    else if (closers.has(type)) depth--;
    if (depth === 0) return at + 1;
  }
  return undefined;
}

const isWord = (token: Token | undefined, word: string): boolean =>
  token?.type === 'Identifier' && token.value === word;
const isDot = (token: Token | undefined): boolean => token?.type === 'Dot';
