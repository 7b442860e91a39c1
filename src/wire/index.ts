/** The package's entry `aimindserve/wire`: protocols as pure functions, their JSON in and their frames out. */

export { AppError, toAppError } from '../base/errors.ts';
export type { ChatEvent, FinishReason, Usage } from '../chat/event.ts';
export { type FoldedAnswer, type FoldedCall, type FoldedChoice, foldEvents } from '../chat/fold.ts';
export type { Message, ToolCall } from '../chat/message.ts';
export type { ChatRequest } from '../chat/request.ts';
export type { Tool, ToolChoice } from '../chat/tool.ts';
export { openaiChat } from './openai-chat/protocol.ts';
export { openaiCompletions } from './openai-completions/protocol.ts';
export type { DecodeContext, Decoded, FrameEncoder, Protocol, Reply } from './protocol.ts';
