/** `aimindserve formats play`: what a model is told, what it writes, and what is read of it, step by step. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Field } from '../base/decode.ts';
import { ConfigError, isAppError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import { nearest } from '../base/nearest.ts';
import type { ParserEvent } from '../chat/event.ts';
import type { Piece } from '../chat/piece.ts';
import { promptText } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';
import { exampleTool, plainAsk, readAnswer } from '../formats/check-format.ts';
import { exampleArguments } from '../formats/example-arguments.ts';
import type { ToolFormat } from '../formats/format.ts';
import { allFormats, findFormat } from '../formats/formats.ts';
import { customFormats } from '../server/model-tools.ts';
import { dataFolderOf, type Surroundings } from './prepare-server.ts';

/** What is to be played. */
export interface Play {
  readonly name: string;
  readonly toolsFile: string | undefined;
  /** What a model wrote; without it, the format writes a call itself. */
  readonly answer: string | undefined;
}

/** Plays; the result is the exit code. */
export function playFormat({ name, toolsFile, answer }: Play, surroundings: Surroundings): number {
  const { folder, say } = surroundings;
  const format = formatOf(name, surroundings);
  const tools = toolsFile === undefined ? [exampleTool] : readTools(resolve(folder, toolsFile));
  if (answer === undefined) say(told(format, tools));
  const { promptTail = '' } = format;
  const written = answer ?? callOf(format, tools);
  const generated = answer === undefined && written.startsWith(promptTail) ? written.slice(promptTail.length) : written;
  say(['What is read of it:', '', ...readSteps(format, tools, generated).map((line) => `  ${line}`)].join('\n'));
  return 0;
}

function formatOf(name: string, { environment, folder }: Surroundings): ToolFormat {
  const file = name.toLowerCase().endsWith('.json') ? resolve(folder, name) : undefined;
  const custom = customFormats(dataFolderOf(environment), file);
  const found = custom.find((each) => (file === undefined ? each.format.name === name : each.file === file));
  const format = found?.format ?? findFormat(name);
  if (format !== undefined) return format;
  const guess = nearest(
    name,
    allFormats.map((each) => each.name),
  );
  const hint = guess === undefined ? 'See: aimindserve formats' : `Did you mean '${guess}'?`;
  throw new ConfigError('invalid_config', `There is no format '${name}'. ${hint}`);
}

/** What the model is told of the tools, and a call as it writes it. */
function told(format: ToolFormat, tools: readonly Tool[]): string {
  const instructions = promptText(format.instructions?.(plainAsk(tools)) ?? []);
  const inset = (text: string): string[] => text.split('\n').map((line) => `  ${line}`);
  return [
    'What the model is told:',
    '',
    ...inset(
      instructions === '' ? "(its chat template tells it of the tools, in the template's own words)" : instructions,
    ),
    '',
    'A call as it writes it:',
    '',
    ...inset(callOf(format, tools)),
    '',
  ].join('\n');
}

function callOf(format: ToolFormat, tools: readonly Tool[]): string {
  const [tool = exampleTool] = tools;
  const json = tool === exampleTool ? '{"city": "Oslo"}' : exampleArguments(tool.parameters);
  return promptText(format.render({ text: '', calls: [{ id: 'call00001', name: tool.name, arguments: json }], tools }));
}

/** Letters in a piece: about a token. */
const pieceLength = 5;

/** Every piece of the text, and the events it brought. */
function readSteps(format: ToolFormat, tools: readonly Tool[], text: string): string[] {
  let calls = 0;
  const parser = format.answer(plainAsk(tools)).parser(() => `call-${calls++}`);
  const pieces = toPieces(format, tools, text);
  const width = Math.max(3, ...pieces.map((piece) => JSON.stringify(piece.special ?? piece.text).length));
  const step = (label: string, events: readonly ParserEvent[]): string[] =>
    (events.length === 0 ? ['…'] : events.map(eventText)).map(
      (event, index) => `${(index === 0 ? label : '').padEnd(width)}  ${event}`,
    );
  const steps = pieces.flatMap((piece) => step(JSON.stringify(piece.special ?? piece.text), parser.push(piece)));
  return [...steps, ...step('end', parser.end('stop'))];
}

/** Letters in small pieces; the format's markers are special tokens where they count as nothing else. */
function toPieces(format: ToolFormat, tools: readonly Tool[], text: string): readonly Piece[] {
  const pieces = inLetters(text);
  if (readAnswer(format.answer(plainAsk(tools)), pieces).calls.length > 0) return pieces;
  const spelled = format.beginnings.filter((beginning) => /^[<[]\S*[>\]]$/.test(beginning));
  const [marker] = spelled.filter((beginning) => text.includes(beginning));
  if (marker === undefined) return pieces;
  const parts = text.split(marker);
  return parts.flatMap((part, index) => [
    ...(index === 0 ? [] : [{ text: '', special: marker, tokens: 1 }]),
    ...inLetters(part),
  ]);
}

function inLetters(text: string): Piece[] {
  const letters = [...text];
  return Array.from({ length: Math.ceil(letters.length / pieceLength) }, (_, index) => ({
    text: letters.slice(index * pieceLength, (index + 1) * pieceLength).join(''),
    tokens: 1,
  }));
}

function eventText(event: ParserEvent): string {
  const { type, ...rest } = event;
  return `${type} ${JSON.stringify(rest)}`;
}

/** A tools file holds a list of tools, or an object with `tools` (a whole request will do). */
function readTools(path: string): readonly Tool[] {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const list = new Field(isObject(content) ? content['tools'] : content, 'tools');
    return list
      .items()
      .map((item, index) => readTool(item.get('function').isAbsent ? item : item.get('function'), index));
  } catch (cause) {
    const reason = isAppError(cause) ? cause.message : 'it cannot be read as JSON.';
    throw new ConfigError('invalid_config', `--tools: ${path}: ${reason}`, { cause });
  }
}

function readTool(field: Field, index: number): Tool {
  const parameters = field.get('parameters').optional((given) => given.object()) ?? { type: 'object' };
  return {
    name: field.get('name').string(),
    description: field.get('description').optional((given) => given.string()) ?? '',
    parameters: JSON.parse(JSON.stringify(parameters)),
    path: `tools[${index}]`,
  };
}
