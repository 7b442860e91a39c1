import { afterAll } from 'vitest';
import { embeddedEngine } from '../../src/engines/embedded/embedded.ts';
import { describeEnding, describeEngine, type EngineFacts } from './engine.contract.ts';
import { createStarter } from './start-engine.ts';
import { describeToolCalls } from './tool-calls.contract.ts';

const starter = createStarter();
afterAll(() => starter.clear());

const name = 'the embedded engine';
const facts: EngineFacts = {
  claims: { wholeGrammar: true, specialTokens: true, tokenIds: true, logprobs: true },
  special: '<|user|>',
  prompt: [{ text: '<|user|>hello<|end|><|assistant|>', trusted: true }],
};

describeEngine(name, () => starter.open(embeddedEngine, { parallel: 4 }), facts);
describeToolCalls(name, () => starter.open(embeddedEngine, { parallel: 4 }));
describeEnding(name, () => starter.start(embeddedEngine), facts);
