/** The package's entry `aimindserve/template`: chat templates, rendered within budgets and without trust. */

export { type Prompt, type PromptSegment, promptText } from '../chat/prompt.ts';
export type { Tool } from '../chat/tool.ts';
export { endsInReasoning, type TemplateAbilities } from './abilities.ts';
export { type ChatTemplate, createChatTemplate } from './chat-template.ts';
export type { Rendering, TemplateCall, TemplateMessage } from './rendering.ts';
export type { TokenFacts } from './scope.ts';
