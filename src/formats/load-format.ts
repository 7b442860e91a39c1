/** Formats from files: JSON in, a checked tool format out, or an error that says what to change and where. */

import { Field } from '../base/decode.ts';
import { ConfigError, isAppError } from '../base/errors.ts';
import { isDeeperThan, maxDepth } from '../base/json.ts';
import { checkFormat } from './check-format.ts';
import { defineFormat, type FormatDefinition, type ResultMarks } from './define-format.ts';
import type { ToolFormat } from './format.ts';
import type { ReasoningMarks, ReplyMarks } from './free-answer.ts';
import { closed, filled, filledList, textOr, wordOr } from './load-format-fields.ts';
import { readInstructions } from './load-format-instructions.ts';
import { readCallSyntax } from './load-format-syntax.ts';
import type { IdRule } from './model-id.ts';
import type { Signs } from './signs.ts';

/** A format that somebody wrote for this machine, and the file it stands in. */
export interface CustomFormat {
  readonly format: ToolFormat;
  readonly file: string;
}

/** Reads a format file's text; a ConfigError names the file and the place in it. */
export function loadFormat(text: string, file: string): CustomFormat {
  const format = defineFormat(translated(file, () => readDefinition(new Field(parseFile(text, file)))));
  const problems = translated(file, () => checkFormat(format));
  if (problems.length > 0)
    throw new ConfigError('invalid_config', `${file}: the format does not keep its word.\n  ${problems.join('\n  ')}`);
  return { format: { ...format, detect: (facts) => asCustom(format.detect(facts), file) }, file };
}

function asCustom(detected: ReturnType<ToolFormat['detect']>, file: string): ReturnType<ToolFormat['detect']> {
  return detected.score === 0 ? detected : { ...detected, evidence: [`custom: ${file}`, ...detected.evidence] };
}

function parseFile(text: string, file: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // Engines quote the text around the mistake, and whoever named this file may not be one who may read it.
    const reason = cause instanceof Error ? cause.message.replace(/, (?:\.\.\.)?".*$/s, '') : '';
    throw new ConfigError('invalid_config', `${file}: not JSON: ${reason}`, { cause });
  }
  if (isDeeperThan(value, maxDepth))
    throw new ConfigError('invalid_config', `${file}: nests more than ${maxDepth} levels.`);
  return value;
}

/** A complaint about a field becomes one about this file. */
function translated<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isAppError(cause) || cause.kind !== 'request') throw cause;
    const message = cause.message.replace('Missing required parameter:', 'missing:').replace('the body', 'the file');
    throw new ConfigError('invalid_config', `${file}: ${message}`, { cause });
  }
}

const keys = [
  'name',
  'kind',
  'source',
  'models',
  'detect',
  'calls',
  'callsAtStart',
  'lead',
  'example',
  'reasoning',
  'reply',
  'promptTail',
  'ids',
  'instructions',
  'results',
  'stops',
  'ends',
  '//',
];

function readDefinition(field: Field): FormatDefinition {
  closed(field, keys);
  const kind = wordOr(field.get('kind'), ['native', 'prompted']);
  const calls = readCallSyntax(field.get('calls'));
  const instructions = field.get('instructions').optional((given) => readInstructions(given, calls));
  if (kind === 'prompted' && instructions === undefined) throw field.get('instructions').missing();
  return {
    name: readName(field.get('name')),
    kind,
    source: textOr(field.get('source'), 'a file'),
    models: textOr(field.get('models'), 'yours'),
    detect: readSigns(field.get('detect')),
    calls,
    callsAtStart: field.get('callsAtStart').optional((given) => given.boolean()) ?? false,
    lead: textOr(field.get('lead')),
    example: filled(field.get('example')),
    ...readMarks(field),
    ...(instructions && { instructions }),
    stops: filledList(field.get('stops')),
    ends: filledList(field.get('ends')),
  };
}

function readMarks(field: Field): Partial<FormatDefinition> {
  const reasoning = field.get('reasoning').optional(readReasoning);
  const reply = field.get('reply').optional(readReply);
  const promptTail = field.get('promptTail').optional(filled);
  const ids = field.get('ids').optional(readIds);
  const results = field.get('results').optional(readResults);
  return {
    ...(reasoning && { reasoning }),
    ...(reply && { reply }),
    ...(promptTail !== undefined && { promptTail }),
    ...(ids && { ids }),
    ...(results && { results }),
  };
}

function readName(field: Field): string {
  const name = field.string();
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) return name;
  throw field.invalid('must be up to 64 small letters, digits, dots, dashes and underscores');
}

/** The signs; absent = none: the format is taken when somebody names it. */
function readSigns(field: Field): Signs {
  if (field.isAbsent) return {};
  closed(field, ['template', 'without', 'tokens', 'names']);
  return {
    template: filledList(field.get('template')),
    without: filledList(field.get('without')),
    tokens: filledList(field.get('tokens')),
    names: filledList(field.get('names')),
  };
}

function readReasoning(field: Field): ReasoningMarks {
  closed(field, ['open', 'close', 'calls']);
  return {
    open: filled(field.get('open')),
    close: filled(field.get('close')),
    calls: wordOr(field.get('calls'), ['text', 'end']),
  };
}

function readReply(field: Field): ReplyMarks {
  closed(field, ['open', 'close']);
  return { open: filled(field.get('open')), close: textOr(field.get('close')) };
}

function readIds(field: Field): IdRule {
  closed(field, ['length', 'prefix']);
  if (field.get('kind').oneOf(['alphanumeric', 'function']) === 'function')
    return { kind: 'function', prefix: textOr(field.get('prefix')) };
  return { kind: 'alphanumeric', length: field.get('length').integer(1, 64) };
}

function readResults(field: Field): ResultMarks {
  closed(field, ['role', 'open', 'close', 'separator']);
  return {
    role: field.get('role').oneOf(['user', 'tool']),
    open: textOr(field.get('open')),
    close: textOr(field.get('close')),
    separator: textOr(field.get('separator'), '\n'),
  };
}
