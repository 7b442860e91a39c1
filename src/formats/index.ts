/** The package's entry `aimindserve/formats`: how models write tool calls, rendered, constrained and parsed. */

export type { ParserEvent } from '../chat/event.ts';
export type { Message, ToolCall } from '../chat/message.ts';
export type { Piece } from '../chat/piece.ts';
export { type Prompt, type PromptSegment, promptText } from '../chat/prompt.ts';
export type { Tool, ToolChoice } from '../chat/tool.ts';
export type { AnswerPlan, Ask, Conditions, FormatParser } from './ask.ts';
export { defineFormat, type FormatDefinition } from './define-format.ts';
export { type Detection, detectFormat } from './detect.ts';
export type { ModelFacts, ToolFormat, ToolResult, Turn } from './format.ts';
export { allFormats, findFormat } from './formats.ts';
export {
  bareArgs,
  gap,
  id,
  jsonArgs,
  jsonCall,
  keyCall,
  many,
  name,
  nameBefore,
  nestedArgs,
  optional,
  ordinal,
  pythonArgs,
  type Syntax,
  seq,
  taggedArgs,
  text,
} from './syntax.ts';
