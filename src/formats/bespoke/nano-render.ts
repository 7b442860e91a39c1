/** Writes tool list, calls and results as the nano model reads them. */

import { type ExactJson, parseExact } from '../../base/json.ts';
import type { ToolCall } from '../../chat/message.ts';
import { joinSegments, type Prompt, type PromptSegment } from '../../chat/prompt.ts';
import type { Tool } from '../../chat/tool.ts';
import type { Conditions } from '../ask.ts';
import type { ToolResult, Turn } from '../format.ts';
import { bestTool, rankTools, relevanceBin } from '../rank.ts';
import { type NanoLine, type NanoTool, oneLine, readNanoTool, wholeKey } from './nano-parameters.ts';
import { spellExact, spellName, spellString } from './nano-values.ts';

/** The control tokens of calls and tool list. */
export const nanoTokens = { call: '<|call|>', skip: '<|skip|>', tools: '<|tools|>', best: '<|best|>', end: '<|end|>' };

const letters = (text: string): PromptSegment => ({ text, trusted: false });
const token = (text: string): PromptSegment => ({ text, trusted: true });

/** The tool list, each tool with its relevance to the last user message. */
export function renderToolList(ask: Conditions): Prompt {
  if (ask.tools.length === 0) return [];
  const query = ask.messages.findLast((message) => message.role === 'user')?.content ?? '';
  const scores = rankTools(query, ask.tools);
  const best = bestTool(scores);
  const lines = ask.tools.flatMap((tool, index) => [
    token(`${index === best ? nanoTokens.best : ''}<|r${relevanceBin(scores[index] ?? 0)}|>`),
    letters(toolLine(tool)),
  ]);
  return joinSegments([token(nanoTokens.tools), letters('\n'), ...lines]);
}

function toolLine(tool: Tool): string {
  const { spelling, lines } = readNanoTool(tool);
  const description = oneLine(tool.description);
  const keys = lines.map((line) => line.key).join(', ');
  return `${spelling}(${keys})${description === '' ? '' : `: ${description}`}\n`;
}

/** A turn: its text, then its calls. */
export function renderNanoTurn(turn: Turn): Prompt {
  const tools = new Map(turn.tools.map((tool) => [tool.name, tool]));
  const called = new Set<string>();
  const segments = [letters(turn.text)];
  for (const call of turn.calls) {
    const tool = tools.get(call.name);
    segments.push(...renderCall(call, tool && readNanoTool(tool), called.has(call.name)));
    called.add(call.name);
  }
  return joinSegments(segments);
}

/** The results of one turn, a line break between them. */
export function renderNanoResults(results: readonly ToolResult[]): Prompt {
  return joinSegments([letters(results.map((result) => result.content).join('\n'))]);
}

function renderCall(call: ToolCall, tool: NanoTool | undefined, repeated: boolean): PromptSegment[] {
  const head = [token(nanoTokens.call), letters(`${spellName(call.name)}\n`)];
  const given = readArguments(call.arguments);
  const [first] = tool?.lines ?? [];
  if (
    !(given instanceof Map) ||
    (first === undefined ? given.size > 0 && tool !== undefined : first.path.length === 0)
  ) {
    const lead = repeated || first?.path.length !== 0 ? `${wholeKey} = ` : first.documented;
    return [...head, letters(`${lead}${spellExact(given)}\n`)];
  }
  return [...head, ...renderMembers({ path: [], key: '', lines: tool?.lines ?? [], repeated }, given)];
}

/** Arguments as a client sent them back: none is `{}`, what is no JSON is a string. */
function readArguments(text: string): ExactJson {
  if (text.trim() === '') return new Map();
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}

/** An object of the arguments: the lines of its members, of which some may be objects of their own lines. */
interface Level {
  readonly path: readonly string[];
  readonly key: string;
  readonly lines: readonly NanoLine[];
  readonly repeated: boolean;
}

/** Members without a line of their own come first, as JSON: after the last line of a call everything is text. */
function renderMembers(level: Level, given: ExactJson | undefined): PromptSegment[] {
  const depth = level.path.length;
  const names = new Map<string, NanoLine[]>();
  for (const line of level.lines) {
    const name = line.path[depth] ?? '';
    names.set(name, [...(names.get(name) ?? []), line]);
  }
  const members = given instanceof Map ? given : new Map<string, ExactJson>();
  const prefix = level.key === '' ? '' : `${level.key}.`;
  const segments = [...members]
    .filter(([name]) => !names.has(name))
    .map(([name, value]) => letters(`${prefix}${spellName(name)} = ${spellExact(value)}\n`));
  for (const [name, lines] of names) {
    const [line] = lines;
    const value = members.get(name);
    if (line === undefined) continue;
    if (line.path.length === depth + 1) segments.push(...renderLine(line, value, level.repeated));
    else {
      const key = `${prefix}${spellName(name)}`;
      // An object that is there without members, or is none, would otherwise leave no trace.
      const bare = value !== undefined && !(value instanceof Map && value.size > 0) && line.requiredDepth <= depth;
      if (bare) segments.push(letters(`${key} = ${spellExact(value)}\n`));
      segments.push(...renderMembers({ path: [...level.path, name], key, lines, repeated: level.repeated }, value));
    }
  }
  return segments;
}

function renderLine(line: NanoLine, value: ExactJson | undefined, repeated: boolean): PromptSegment[] {
  const lead = letters(repeated ? line.bare : line.documented);
  if (value === undefined) return [lead, token(nanoTokens.skip), letters('\n')];
  return [lead, letters(`${spellValue(line, value)}\n`)];
}

function spellValue(line: NanoLine, value: ExactJson): string {
  if (typeof value !== 'string') return spellExact(value);
  if (line.kind === 'str') return spellString(value, line.nullable);
  if (line.kind !== 'enum') return spellExact(value);
  const json = JSON.stringify(value);
  return [...line.members].find(([, member]) => member === json)?.[0] ?? json;
}
