/** The format of the model that comes with this product; `models/nano/FORMAT.md` says what it looks like. */

import { callableTools, planAnswer } from '../answer-plan.ts';
import type { AnswerPlan, Ask } from '../ask.ts';
import type { ToolFormat } from '../format.ts';
import { constrainNanoCalls } from './nano-grammar.ts';
import { readNanoTool } from './nano-parameters.ts';
import { createNanoParser } from './nano-parser.ts';
import { nanoTokens, renderNanoResults, renderNanoTurn, renderToolList } from './nano-render.ts';

const signature = 'aimindserve-nano-1';

/** A line for each parameter, documented where its value is asked for. */
export const nano: ToolFormat = {
  name: 'nano',
  kind: 'prompted',
  source: 'models/nano/FORMAT.md',
  example: '<|call|>get_weather\ncity* str = Oslo\n',
  resultRole: 'tool',
  copyOnlyByDefault: true,
  endsAtRepeat: true,
  toolLimit: 32,
  models: 'the bundled nano model',
  beginnings: [nanoTokens.call],
  detect: ({ template }) =>
    template.includes(signature)
      ? { score: 100, evidence: [`template has "${signature}"`] }
      : { score: 0, evidence: [] },
  instructions: renderToolList,
  render: renderNanoTurn,
  renderResults: renderNanoResults,
  // Tools are spelled anew for it in any case.
  carriesName: () => true,
  carries: () => true,
  answer: planNanoAnswer,
};

function planNanoAnswer(ask: Ask): AnswerPlan {
  const callable = callableTools(ask).map(readNanoTool);
  const constrained = ask.choice.type === 'none' ? ask.tools.map(readNanoTool) : callable;
  return planAnswer(ask, {
    ...(constrained.length > 0 && { calls: constrainNanoCalls(constrained, ask) }),
    ends: [nanoTokens.end],
    parser: (newCallId) => createNanoParser(callable, newCallId),
  });
}
