/**
 * The official test suite against grammar and validator:
 *
 * - A valid value is valid for the validator, and the automaton accepts its text, properties being allowed in any order. Where
 *   a schema is silent, our grammar narrows on purpose: without `type`, keywords of one type mean that type; beside
 *   `properties` there are no others; behind leading items there are no more. Therefore the schema is first made to say
 *   aloud what it leaves open (see `said-aloud.ts`): that changes nothing of its meaning.
 * - An invalid value is refused by the automaton or by the validator, and by the automaton alone if nothing is relaxed,
 *   in every order of its properties.
 */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isAppError } from '../../src/base/errors.ts';
import { type ExactJson, type Json, parseExact, printExact, toPlain } from '../../src/base/json.ts';
import { compileGrammar } from '../../src/grammar/automaton.ts';
import { grammarFromSchema } from '../../src/grammar/from-schema.ts';
import { checkSchema } from '../../src/schema/check-schema.ts';
import { isSchema, type JsonSchema } from '../../src/schema/json-schema.ts';
import { normaliseSchema } from '../../src/schema/normalise-schema.ts';
import { validate } from '../../src/schema/validate.ts';
import { type Exception, exceptions } from './exceptions.ts';
import { saidAloud } from './said-aloud.ts';

const encoder = new TextEncoder();

interface Grammar {
  readonly relaxed: readonly string[];
  accepts(text: string): boolean;
}

function compile(schema: JsonSchema, anyOrder = false): Grammar {
  const { node, rules, relaxed } = grammarFromSchema(schema, { rulePrefix: 's', anyOrder });
  const compiled = compileGrammar({ root: node, rules });
  const accepts = (text: string): boolean => {
    const cursor = compiled.start();
    return cursor.accept(encoder.encode(text)) && cursor.mayEnd();
  };
  return { relaxed, accepts };
}

const maxOrders = 24;

/** The texts of a value in the orders its properties may have, at most a few. */
function orders(value: ExactJson): string[] {
  if (Array.isArray(value)) return combined(value.map(orders)).map((items) => `[${items.join()}]`);
  if (!(value instanceof Map)) return [printExact(value)];
  const members = [...value].map(([key, item]) => orders(item).map((text) => `${JSON.stringify(key)}:${text}`));
  return combined(members)
    .flatMap(permutations)
    .slice(0, maxOrders)
    .map((items) => `{${items.join()}}`);
}

function combined(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>(
    (rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])).slice(0, maxOrders),
    [[]],
  );
}

function permutations(items: readonly string[]): string[][] {
  if (items.length > 4 || items.length < 2) return [[...items]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

interface Case {
  readonly data: ExactJson;
  readonly isValid: boolean;
}

/** What is wrong, or undefined. */
function judge(
  schema: JsonSchema,
  [plain, aloud]: readonly [Grammar, Grammar],
  { data, isValid }: Case,
): string | undefined {
  const isSound = validate(schema, toPlain(data)).length === 0;
  const texts = orders(data);
  if (isValid && !isSound) return 'valid, but the validator refuses it';
  if (isValid) return aloud.accepts(printExact(data)) ? undefined : 'valid, but the automaton refuses it';
  for (const grammar of [plain, aloud]) {
    const isAccepted = texts.some(grammar.accepts);
    if (isAccepted && grammar.relaxed.length === 0) return 'invalid, but accepted with nothing relaxed';
    if (isAccepted && isSound) return `invalid, but accepted (relaxed: ${grammar.relaxed.join()})`;
  }
  return undefined;
}

interface Failure {
  readonly file: string;
  readonly group: string;
  readonly test: string;
  readonly problem: string;
}

function asText(value: ExactJson | undefined): string {
  return typeof value === 'string' ? value : '';
}

function failuresOf(line: string): Failure[] {
  const whole = parseExact(line);
  if (!(whole instanceof Map)) return [];
  const [file, group, tests] = [asText(whole.get('file')), asText(whole.get('group')), whole.get('tests')];
  const given: Json = toPlain(whole.get('schema') ?? null);
  const found: Failure[] = [];
  if (!isSchema(given) || !Array.isArray(tests)) return found;
  try {
    checkSchema(given, 'schema');
    const schema = normaliseSchema(given);
    const grammars = [compile(schema), compile(saidAloud(schema), true)] as const;
    for (const test of tests) {
      if (!(test instanceof Map)) continue;
      const one = { data: test.get('data') ?? null, isValid: test.get('valid') === true };
      const problem = judge(schema, grammars, one);
      if (problem !== undefined) found.push({ file, group, test: asText(test.get('description')), problem });
    }
  } catch (error) {
    if (!isAppError(error)) throw error;
    found.push({ file, group, test: '*', problem: `${error.code}: ${error.message}` });
  }
  return found;
}

function explains({ file, group, test }: Exception, failure: Failure): boolean {
  return (
    (failure.file === file || (file.endsWith('/') && failure.file.startsWith(file))) &&
    (group === undefined || failure.group === group) &&
    (test === undefined || failure.test === test)
  );
}

for (const draft of ['draft-07', '2020-12'] as const) {
  it(`${draft}: grammar and validator agree with the official suite, but for listed exceptions`, () => {
    const lines = readFileSync(new URL(`suite/${draft}.jsonl`, import.meta.url), 'utf8').split('\n');
    const failures = lines.filter((line) => line !== '').flatMap(failuresOf);
    const known = exceptions.filter((exception) => exception.draft === undefined || exception.draft === draft);
    const unexplained = failures.filter((failure) => !known.some((exception) => explains(exception, failure)));
    const stale = known.filter((exception) => !failures.some((failure) => explains(exception, failure)));
    expect(unexplained.map(({ file, group, test, problem }) => `${file} | ${group} | ${test} | ${problem}`)).toEqual(
      [],
    );
    expect(stale).toEqual([]);
  });
}
