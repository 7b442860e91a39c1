import { describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { createChatTemplate } from './chat-template.ts';
import { failure, noTokens, render, user } from './fixtures/rendering.ts';
import { gemma, gemmaTokens } from './fixtures/templates.ts';

/** Renders an expression over the variable `x`. */
function value(expression: string, x: Json = null): string {
  const template = createChatTemplate(`{{ messages[0].content }}|{{ ${expression} }}`, noTokens);
  return render(template, [user('q')], { variables: { x } }).slice('q|'.length);
}

describe('hostile templates', () => {
  const question = '{{ messages[0].content }}';
  /** Harmless until a variable is set, so that it passes the trial at load. */
  const armed = (body: string) => createChatTemplate(`${question}{% if x is defined %}${body}{% endif %}`, noTokens);
  const nested = (depth: number, inner: string) =>
    '{% for a in range(1000) %}'.repeat(depth) + inner + '{% endfor %}'.repeat(depth);

  it.each([
    ['a loop of thirty million', `{% for i in range(30000000) %}{% endfor %}`],
    ['loops in loops', nested(3, '')],
    ['loops that add up', `{% for i in range(30000) %}${nested(1, '{% set y = i + 1 %}')}{% endfor %}`],
    [
      'loops over long lists that break at once',
      `{% for i in range(100000) %}{% for j in range(100000) %}{% break %}{% endfor %}{% endfor %}`,
    ],
    [
      'a text that doubles',
      `{% set ns = namespace(t='xxxxxxxx') %}{% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}`,
    ],
    [
      'a list that doubles',
      `{% set ns = namespace(t=[1]) %}{% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}`,
    ],
    [
      'a tree of shared lists',
      `{% set ns = namespace(t=[1]) %}{% for i in range(60) %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.t | tojson }}`,
    ],
    [
      'the same, compared',
      `{% set ns = namespace(t=[1], u=[1]) %}{% for i in range(60) %}{% set ns.t = [ns.t, ns.t] %}{% set ns.u = [ns.u, ns.u] %}{% endfor %}{{ ns.t == ns.u }}`,
    ],
    ['a value inside itself', `{% set ns = namespace() %}{% set ns.t = ns %}{{ ns }}`],
    ['a huge repetition', `{{ 'x' * 1000000000 }}`],
    ['a huge indentation', `{{ [1] | tojson(indent=1000000000) }}`],
    [
      'a huge replacement',
      `{% set ns = namespace(t='x') %}{% for i in range(22) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t.replace('x', ns.t) }}`,
    ],
    [
      'a huge join',
      `{% set ns = namespace(t='x') %}{% for i in range(20) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ range(100000) | join(ns.t) }}`,
    ],
    [
      'a huge output',
      `{% set ns = namespace(t='x') %}{% for i in range(22) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t }}{{ ns.t }}`,
    ],
    ['endless recursion', `{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}`],
    ['unknown variables in a loop', nested(2, '{{ nothing }}{{ nowhere }}')],
    ['continue in a loop', nested(2, '{% continue %}')],
    [
      'splitting into characters',
      `{% set ns = namespace(t='x,') %}{% for i in range(21) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t.split(',') | length }}`,
    ],
  ])('%s ends in an error', (_, body) => {
    const error = failure(() => render(armed(body), [user('q')], { variables: { x: 1 } }));
    expect(error.code).toBe('template_failed');
  });

  it.each([
    ['bad syntax', '{% for %}'],
    ['an unclosed block', '{% if true %}x'],
    ['tests inside tests', `{{ ${'1 is eq('.repeat(30_000)}1${')'.repeat(30_000)} }}`],
    ['deep nesting', `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`],
    ['one that ignores the user', 'hello'],
    ['one that fails at once', '{{ messages[0].content.nothing() }}'],
    ['one that always refuses', '{{ raise_exception("no") }}'],
    [
      'one that loops at load',
      `${question}{% for i in range(100000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}`,
    ],
    ['megabytes', 'x'.repeat(3_000_000)],
  ])('%s is refused when the model is loaded', (_, source) => {
    expect(failure(() => createChatTemplate(source, noTokens)).code).toBe('model_unusable');
  });

  it('that are slow wherever they may cost no more at load than all trials together', () => {
    const slow = `{% if messages | length > 1 or tools %}${nested(2, '')}{% endif %}`;
    expect(createChatTemplate(question + slow, noTokens).abilities.consecutiveUsers).toBe(false);
  });

  it.each([
    'x.constructor',
    "x['__proto__']",
    "''.constructor.constructor('return process')()",
    'messages.constructor',
    "messages[0]['__proto__']",
    "range.constructor('return process')()",
    "raise_exception['constructor']",
    'cycler.__init__.__globals__',
  ])('%s leads nowhere', (expression) => {
    const outcome = (() => {
      try {
        return value(expression);
      } catch (error) {
        return isAppError(error) ? '' : String(error);
      }
    })();
    expect(outcome).toBe('');
  });

  it('passes a refusal on in its own words', () => {
    const error = failure(() => render(createChatTemplate(gemma, gemmaTokens), [{ role: 'system', content: 'x' }]));
    expect([error.code, error.message]).toEqual([
      'template_failed',
      "The model's chat template refuses these messages: System role not supported",
    ]);
  });
});

describe('the language, as Python has it', () => {
  it.each([
    ['none', 'None'],
    ['true', 'True'],
    ['nothing', ''],
    ['1.0', '1.0'],
    ['7 // 2 ~ "," ~ -7 % 3', '3,2'],
    ['"1" == 1', 'False'],
    ['nothing == none', 'False'],
    ['[1, {"a": "b"}] == [1, {"a": "b"}]', 'True'],
    ['{"a": [1, none, true, "it\'s"]}', "{'a': [1, None, True, \"it's\"]}"],
    ['{"a": [1, none, true]} | tojson', '{"a": [1, null, true]}'],
    ['{1: "one"}[1]', 'one'],
    ['{"a": 1}[nothing]', ''],
    ['nothing | length', '0'],
    ['"a,b,c".split(",", 1)', "['a', 'b,c']"],
    ['"  a b ".split()', "['a', 'b']"],
    ['"xxaxx".strip("x")', 'a'],
    ['"aXbX".replace("X", "$&")', 'a$&b$&'],
    ['["a", "b"] | join("-")', 'a-b'],
    ['"é\\n" | tojson(ensure_ascii=true)', '"\\u00e9\\n"'],
    ['[3, 1, 2] | sort | tojson', '[1, 2, 3]'],
    ['{"b": 1, "a": 2} | tojson(sort_keys=true)', '{"a": 2, "b": 1}'],
    ['{"a": [1]} | tojson(indent=2)', '{\n  "a": [\n    1\n  ]\n}'],
    ['{"a": [1]} | tojson(separators=(",", ":"))', '{"a":[1]}'],
    ['nothing | default("d")', 'd'],
    ['"b" in ["a", "b"]', 'True'],
    ['"héllo"[1:3]', 'él'],
    ['dict(a=1)', "{'a': 1}"],
    ['"<{}:{1}{name}{{}}>".format(1, "b", name="c")', '<1:bc{}>'],
    ['[3, 1, 2] | min ~ [3, 1, 2] | max ~ [3, 1, 2] | sum', '136'],
    ['["a", "b"] | map("upper") | list', "['A', 'B']"],
    ['[{"a": 1}] | map(attribute="a") | list', '[1]'],
    ['{10: "x", 9: "y"} | dictsort', "[(9, 'y'), (10, 'x')]"],
    ['nothing | selectattr("a") | list', '[]'],
    ['"a" + nothing', 'a'],
    ['"abc".removeprefix("a").removesuffix("c")', 'b'],
    ['"a-b-c".rsplit("-", 1)', "['a-b', 'c']"],
    ['"  x".title() ~ "AbC".lower()', '  Xabc'],
    ['"ab".startswith(("x", "a"))', 'True'],
  ])('%s is %s', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it('calls the method where a key has its name', () => {
    const template = createChatTemplate(
      '{{ messages[0].content }}{% for k, v in (x or {}).items() %}{{ k }}{% endfor %}',
      noTokens,
    );
    expect(render(template, [user('q')], { variables: { x: { items: 1, type: 2 } } })).toBe('qitemstype');
  });

  it.each([
    ['{% for a, b in [(1, 2)] %}{{ a }}{{ b }}{% endfor %}', '12'],
    ['{% for k, v in {1: "a"}.items() %}{{ k + 1 }}{{ v }}{% endfor %}', '2a'],
    ['{% for c in "ab" %}{{ loop.index }}{{ c }}{% endfor %}', '1a2b'],
    ['{% for a in none %}{{ a }}{% endfor %}', ''],
    ['{% filter upper %}a{% endfilter %}', 'A'],
    ['{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}', '1213'],
    ['{% for i in range(5) if i > 1 %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}', '23'],
    ['{% set ns = namespace(a=1) %}{% for i in range(3) %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}', '4'],
    ['{% generation %}g{% endgeneration %}', 'g'],
  ])('%s writes %s', (body, expected) => {
    const template = createChatTemplate(`{{ messages[0].content }}${body}`, noTokens);
    expect(render(template, [user('q')])).toBe(`q${expected}`);
  });

  it('loops over nothing where there is nothing', () => {
    const template = createChatTemplate(
      '{{ messages[0].content }}{% for a in nothing %}{{ a }}{% else %}-{% endfor %}',
      noTokens,
    );
    expect(render(template, [user('q')])).toBe('q-');
  });
});
