/** How an engine is asked: raw, through the model's template, in chat, or in chat through a prompted format. */

import { RequestError } from '../base/errors.ts';
import { hasPictures } from '../chat/pictures.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';
import type { Trace } from '../chat/trace.ts';
import { type ChatClient, isChatClient } from '../engines/engine.ts';
import type { Candidate } from '../engines/roster.ts';
import type { ToolFormat } from '../formats/format.ts';
import { allFormats } from '../formats/formats.ts';
import { askChat, askChatPrompted } from './ask-chat.ts';
import { askText, rawQuestions } from './ask-text.ts';
import type { Asker, AskingTools, Question } from './asker.ts';
import type { ModelProfile } from './model-profile.ts';
import type { ReasoningMemory } from './reasoning-memory.ts';
import { type Gallery, showPictures } from './show-pictures.ts';

/** Everything the choice depends on. */
export interface Circumstances {
  readonly candidate: Candidate;
  readonly profile: ModelProfile;
  readonly request: ChatRequest;
  readonly memory: ReasoningMemory;
  readonly tools: AskingTools;
  readonly isListed: Gallery['isListed'];
  readonly trace?: Trace;
}

/** Who is asked, what exactly, and what must be said about it. */
export interface Asked {
  readonly asker: Asker;
  readonly request: ChatRequest;
  /** One, but for raw completions of several prompts. */
  readonly questions: readonly Question[];
  readonly warnings: readonly Warning[];
}

/** Chooses the asker and puts the request to it; throws RequestError if it cannot be put. */
export async function chooseAsker(circumstances: Circumstances): Promise<Asked> {
  const { candidate, profile, request, tools, trace } = circumstances;
  const { client, spec } = candidate;
  if (isChatClient(client)) return askRemote(client, circumstances);
  const { chat } = client;
  if (chat !== undefined && request.raw === undefined && isForChat(chat, circumstances))
    return askRemote(chat, circumstances);
  const engine = { client, spec, tools, ...(trace && { trace }) };
  const asker = askText(engine, profile);
  if (request.raw !== undefined) {
    const questions = await rawQuestions(engine, request);
    return {
      asker: { path: 'native', question: asker.question },
      request,
      questions,
      warnings: [],
    };
  }
  const { request: shown, warnings } = showPictures(request, { takesImages: false, isListed: circumstances.isListed });
  const isUsed = profile.format.kind === 'native' && profile.template.abilities.reasoningBesideCalls;
  if (!isUsed) return put(asker, shown, warnings);
  const { request: whole, isRestored } = circumstances.memory.restore(shown);
  return put(asker, whole, isRestored ? [...warnings, restored] : warnings);
}

/** The deployment wishes it, or the request holds pictures, which only the engine's own chat takes. */
function isForChat({ abilities }: ChatClient, { candidate, request }: Circumstances): boolean {
  return candidate.deployment.toolCalls === 'engine' || (abilities.images && hasPictures(request));
}

const restored: Warning = {
  code: 'reasoning_restored',
  message: 'Reasoning that the client left out of earlier turns was put back, since the model needs it.',
  param: 'messages',
};

async function put(asker: Asker, request: ChatRequest, warnings: readonly Warning[]): Promise<Asked> {
  const question = await asker.question(request);
  return { asker, request, questions: [question], warnings: [...warnings, ...question.warnings] };
}

/** A remote is asked natively unless it knows no tools, or the deployment wants a format of ours. */
async function askRemote(client: ChatClient, circumstances: Circumstances): Promise<Asked> {
  const { candidate, profile, request, tools, isListed } = circumstances;
  if (request.raw !== undefined) throw noRaw(request);
  const isNative = client.abilities.tools && candidate.deployment.toolFormat === undefined;
  const asker = isNative ? askChat(client, tools) : askChatPrompted(client, tools, promptedFormat(profile.format));
  const shown = showPictures(request, { takesImages: client.abilities.images, isListed });
  return put(asker, shown.request, shown.warnings);
}

/** The deployment's format if chat models can be taught it, else the first that is made for that. */
function promptedFormat(own: ToolFormat): ToolFormat {
  const isOwn = own.kind === 'prompted';
  return isOwn ? own : (allFormats.findLast((format) => format.kind === 'prompted') ?? own);
}

function noRaw({ model }: ChatRequest): RequestError {
  const message = `The model '${model}' is served by an engine that takes conversations only, no raw prompts.`;
  return new RequestError('invalid_value', message, { param: 'prompt' });
}
