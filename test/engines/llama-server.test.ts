/** Needs a real llama-server: AIMINDSERVE_LLAMA_SERVER names the program. */

import { afterAll, describe, expect, it } from 'vitest';
import { randomHex } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { createLlamaServerEngine } from '../../src/engines/llama-server/llama-server.ts';
import { readModel } from '../../src/models/read-model.ts';
import { createOutbound } from '../../src/outbound/http-client.ts';
import { describeChatClient } from './chat.contract.ts';
import { describeEnding, describeEngine, type EngineFacts } from './engine.contract.ts';
import { createStarter, nanoPath } from './start-engine.ts';
import { describeToolCalls } from './tool-calls.contract.ts';

const program = process.env['AIMINDSERVE_LLAMA_SERVER'];
const starter = createStarter();
const outbound = createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: silentLog });
afterAll(async () => {
  starter.clear();
  await outbound.close();
});

const engine = createLlamaServerEngine({ outbound, randomHex, command: [program ?? ''], version: 'of the test' });

const name = 'llama-server';
const facts: EngineFacts = {
  claims: { wholeGrammar: true, specialTokens: true, tokenIds: true, logprobs: true },
  special: '<|user|>',
  prompt: [{ text: '<|user|>hello<|end|><|assistant|>', trusted: true }],
};

describe.skipIf(program === undefined)('with AIMINDSERVE_LLAMA_SERVER', () => {
  describeEngine(name, () => starter.open(engine, { parallel: 4 }), facts);
  describeToolCalls(name, () => starter.open(engine, { parallel: 4 }));
  describeEnding(name, () => starter.start(engine), facts);

  describeChatClient(
    name,
    async () => {
      const { client, close } = await starter.open(engine, { parallel: 4 });
      if (client.chat === undefined) throw new TypeError('it has a chat of its own');
      return { client: client.chat, close };
    },
    { claims: { tools: true, images: false } },
  );

  describe('llama-server that cannot start', () => {
    it('says in its last words which flag it does not know', async () => {
      const started = starter.start(engine, { backend: 'llama-box', backendParameters: ['--no-such-flag'] });
      await expect(started).rejects.toThrow(/invalid argument: --no-such-flag/);
    });

    it('says which file it cannot open', async () => {
      const spec = { ...readModel(nanoPath), files: ['/nowhere/model.gguf'] };
      await expect(starter.start(engine, {}, spec)).rejects.toThrow(/\/nowhere\/model\.gguf/);
    });
  });
});
