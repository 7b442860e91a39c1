/** Infers a tool format from a chat template alone: renders short conversations and reads the shape of calls off them. */

import { promptText } from '../chat/prompt.ts';
import { blockOf, firstMarkers, partsOf } from './call-block.ts';
import { callText, checkFormat, exampleCall, exampleTool, plainAsk, readAnswer } from './check-format.ts';
import { defineFormat, type FormatDefinition } from './define-format.ts';
import { type InferredCalls, inferCalls } from './infer-calls.ts';
import { type Samples, sampleArguments, sampleCalls, sampleTools, word } from './infer-samples.ts';

/** The format of a template that nobody described, or the reason why it cannot be told. */
export type Inference = { readonly definition: FormatDefinition } | { readonly reason: string };

/** Infers and verifies: what comes back reads every sample that the template rendered to the call it was made of. */
export function inferFormat(samples: Samples): Inference {
  const inferred = inferCalls(samples);
  if (typeof inferred === 'string') return { reason: inferred };
  const definition = withExample(define(samples, inferred));
  const problem = verify(definition, samples);
  return problem === undefined ? { definition } : { reason: problem };
}

/** What nearly all models that reason write; many templates leave the thoughts of earlier turns out. */
const usualReasoning = { open: '<think>', close: '</think>' } as const;

/** Signs of this length are enough to tell a call from any other text. */
const shortestSign = 3;

function define(samples: Samples, { calls, promptTail }: InferredCalls): FormatDefinition {
  const { reasoning, reply, ends, lead, ids } = samples;
  const block = blockOf(calls);
  const markers = firstMarkers([...block.before, ...partsOf(block.item)]);
  return {
    name: 'inferred',
    kind: 'native',
    source: "inferred from the model's chat template",
    models: 'this one',
    detect: {},
    calls,
    callsAtStart: markers.some((marker) => marker.length < shortestSign),
    lead,
    example: '',
    reasoning: reasoning ?? usualReasoning,
    ...(reply.open !== '' && { reply: { ...reply, open: promptTail + reply.open } }),
    ...(promptTail !== '' && { promptTail }),
    ...(ids === 'function' && { ids: { kind: 'function', prefix: 'functions.' } }),
    ends,
  };
}

function withExample(definition: FormatDefinition): FormatDefinition {
  const turn = { text: '', calls: [exampleCall], tools: [exampleTool] };
  return { ...definition, example: promptText(defineFormat(definition).render(turn)) };
}

/** What does not come back as it went in; undefined if everything does. */
function verify(definition: FormatDefinition, samples: Samples): string | undefined {
  const format = defineFormat(definition);
  const plan = format.answer(plainAsk(sampleTools));
  for (const [sample, turn] of samples.turns) {
    const read = readAnswer(plan, [{ text: turn, tokens: 1 }]);
    const expected = sampleCalls(sample, samples.ids).map(callText).join(', ');
    const got = read.calls.map(callText).join(', ');
    // Templates that write only one call in a turn, or escape in a way that no model is taught, prove nothing here.
    const isOneTurn =
      sample !== 'two' || (turn.includes(word.otherTool) && !turn.includes(samples.turnEnd.trim() || '\n\n\n'));
    const isLost = Object.keys(sampleArguments[sample === 'two' ? 'one' : sample]).some((key) => !turn.includes(key));
    if (!isOneTurn || isLost || turn.includes('<![CDATA[')) continue;
    if (read.text.trim() !== '') return `of ${JSON.stringify(turn)} it would leave ${JSON.stringify(read.text)}`;
    if (got !== expected || read.calls.some((call) => call.outcome !== 'ok'))
      return `what it would read of ${JSON.stringify(turn)} is ${got === '' ? 'no call' : got}`;
  }
  return checkFormat(format)[0];
}
