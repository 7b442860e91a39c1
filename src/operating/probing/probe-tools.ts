/** Tries a model's tool calls: five small conversations through the way of every request, judged by what comes. */

import { type AppError, EngineError, toAppError } from '../../base/errors.ts';
import type { ChatEvent } from '../../chat/event.ts';
import { type FoldedAnswer, foldEvents } from '../../chat/fold.ts';
import type { ProbeStep, ToolVerdict } from '../../fleet/tool-verdict.ts';
import { judgeSteps, type ProbeQuestion, type ProbeRequest, probeQuestions } from './probe-questions.ts';
import { transcribe } from './probe-transcript.ts';

/** Asks the model; failures come as the last event or are thrown. */
export type AskModel = (request: ProbeRequest, signal: AbortSignal) => AsyncIterable<ChatEvent>;

/** What was found out. */
export type ProbeResult = Pick<ToolVerdict, 'steps'> & { readonly verdict: 'proven' | 'failed' };

/**
 * Probes a model. What the model does wrong, and failures of answering it, are steps that are not ok. After an engine
 * that broke nothing more is asked of it. Throws only if nothing was learned about the model: `signal` was aborted, or
 * no instance could be asked (errors of the kinds `unavailable` and `limit`).
 */
export async function probeTools(ask: AskModel, { signal }: { readonly signal: AbortSignal }): Promise<ProbeResult> {
  const steps: ProbeStep[] = [];
  let isBroken = false;
  for (const question of probeQuestions) {
    if (isBroken) {
      steps.push({ name: question.name, isOk: false, transcript: 'not asked: the engine had broken before' });
      continue;
    }
    const heard = await hear(ask, question.request, signal);
    isBroken = heard.error?.kind === 'engine' && heard.error.retryable;
    steps.push(judge(question, heard));
  }
  return { verdict: judgeSteps(steps), steps };
}

interface Heard {
  readonly answer?: FoldedAnswer;
  readonly error?: AppError;
}

async function hear(ask: AskModel, request: ProbeRequest, signal: AbortSignal): Promise<Heard> {
  signal.throwIfAborted();
  const heard = await listen(ask(request, signal));
  // The stream of an aborted request ends anyhow.
  signal.throwIfAborted();
  const { error } = heard;
  if (error?.kind === 'unavailable' || error?.kind === 'limit') throw error;
  return heard;
}

async function listen(events: AsyncIterable<ChatEvent>): Promise<Heard> {
  try {
    const answer = await foldEvents(bounded(events));
    return { answer, ...(answer.error && { error: answer.error }) };
  } catch (thrown) {
    return { error: toAppError(thrown) };
  }
}

/** Far more than the tokens that were asked for can hold. */
const maxCharacters = 256 * 1_024;

/** An engine that is not held to a limit by us may ignore the one it was told. */
async function* bounded(events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent, void, undefined> {
  let characters = 0;
  for await (const event of events) {
    characters += sizeOf(event);
    if (characters > maxCharacters)
      throw new EngineError('engine_protocol', 'The engine went on far beyond the tokens it was asked for.');
    yield event;
  }
}

function sizeOf(event: ChatEvent): number {
  const overhead = 8;
  if (event.type === 'text-delta' || event.type === 'reasoning-delta') return overhead + event.text.length;
  if (event.type === 'call-delta') return overhead + event.json.length;
  return event.type === 'call-start' ? overhead + event.name.length + event.id.length : overhead;
}

function judge({ name, request, findFault }: ProbeQuestion, { answer, error }: Heard): ProbeStep {
  const [choice] = answer?.choices ?? [];
  const fault = error !== undefined ? 'it could not be answered' : choice ? findFault(choice) : 'no answer came';
  const outcome = { ...(answer && { answer }), ...(error && { error }), ...(fault !== undefined && { fault }) };
  return { name, isOk: fault === undefined, transcript: transcribe(request, outcome) };
}
