import { describe, expect, it } from 'vitest';
import { answer, ask, user } from '../../test/fixtures/answering-world.ts';

const says = [{ chunks: ['Hello.'] }];

describe('withDefaults', () => {
  it('puts the system prompt of the deployment first, unless the request has one of its own', async () => {
    const deployment = { systemPrompt: 'Answer as a pirate.' };
    const { seen } = await answer(says, ask(), { deployment });
    expect(seen.prompts[0]).toContain('Answer as a pirate.');
    const messages = [{ role: 'system', content: 'Be brief.', path: 'messages[0]' } as const, user('Hi')];
    const own = await answer(says, ask({ messages }), { deployment });
    expect(own.seen.prompts[0]).not.toContain('pirate');
  });

  it('samples as the deployment says where the request says nothing', async () => {
    const deployment = { sampling: { temperature: 0.25, topK: 7 } };
    const { seen } = await answer(says, ask({ sampling: { temperature: 1 } }), { deployment });
    expect(seen.requests[0]?.sampling).toMatchObject({ temperature: 1, topK: 7 });
  });
});
