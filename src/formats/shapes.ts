/** Shapes of calls that several models write alike, tags aside. */

import type { TypeMark } from '../grammar/notation.ts';
import { gap, jsonCall, many, name, nameBefore, type Syntax, seq, taggedArgs, text } from './syntax.ts';

/** A JSON object in a tag (Hermes). */
export const jsonInTag = (tag: string): Syntax =>
  many(seq(`<${tag}>`, gap('\n'), jsonCall(), gap('\n'), `</${tag}>`), '\n');

/** A tag that names the tool, and one for each argument (Qwen 3 Coder); the outer tag is forgotten now and then. */
export const taggedFunctions: Syntax = many(
  seq(
    text('<tool_call>', ''),
    gap('\n'),
    '<function=',
    name('>'),
    gap('\n'),
    taggedArgs(['<parameter=', '>'], '</parameter>', { pad: '\n', separator: '\n' }),
    gap('\n'),
    '</function>',
    gap('\n'),
    text('</tool_call>', ''),
  ),
  '\n',
);

/** The name on the first line, then keys and values in tags (GLM 4.5). */
export const keysAndValuesOnLines: Syntax = many(
  seq(
    '<tool_call>',
    name('\n'),
    taggedArgs(['<arg_key>', '</arg_key>\n<arg_value>'], '</arg_value>', { separator: '\n' }),
    gap('\n'),
    '</tool_call>',
  ),
  '\n',
);

/** The same without line breaks (GLM 4.7). */
export const keysAndValues: Syntax = many(
  seq(
    '<tool_call>',
    nameBefore('<'),
    taggedArgs(['<arg_key>', '</arg_key><arg_value>'], '</arg_value>'),
    '</tool_call>',
  ),
);

/**
 * A block of invocations with named parameters (MiniMax M2). `mark` stands in every tag of a model whose tags are told
 * from others by a token; `type`: each parameter says whether it is a string.
 */
export function invocations(block: string, { mark = '', type }: { mark?: string; type?: TypeMark } = {}): Syntax {
  return seq(
    `<${mark}${block}>`,
    gap('\n'),
    many(
      seq(
        `<${mark}invoke name="`,
        name('">'),
        gap('\n'),
        taggedArgs([`<${mark}parameter name="`, '">'], `</${mark}parameter>`, {
          separator: '\n',
          ...(type && { type }),
        }),
        gap('\n'),
        `</${mark}invoke>`,
      ),
      '\n',
    ),
    gap('\n'),
    `</${mark}${block}>`,
  );
}

/** A numbered list of actions (Cohere). */
export const numberedActions: Syntax = seq(
  '<|START_ACTION|>',
  '[',
  many(
    jsonCall({
      fixed: [{ key: 'tool_call_id', ordinalFrom: 0 }],
      nameKey: 'tool_name',
      argumentsKey: 'parameters',
      argumentsAliases: ['arguments'],
    }),
    ', ',
  ),
  ']',
  '<|END_ACTION|>',
);
