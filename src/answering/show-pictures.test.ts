import { describe, expect, it } from 'vitest';
import { ask, completeWith, plain } from '../../test/fixtures/answering-world.ts';
import { scriptedChatClient, scriptedClient } from '../../test/fixtures/scripted-engine.ts';
import { foldEvents } from '../chat/fold.ts';
import type { Message } from '../chat/message.ts';
import { isPictured } from '../chat/pictures.ts';
import { showPictures } from './show-pictures.ts';

const image = (url: string, path: string) => ({ type: 'image', image: { url, path } }) as const;
const data = 'data:image/png;base64,AAAA';
const inside = image(data, 'messages[0].content[1]');
const user: Message = {
  role: 'user',
  content: 'Look:\n[image 1]',
  parts: [{ type: 'text', text: 'Look:' }, inside],
  path: 'messages[0]',
};
const call = { id: 'a', name: 'get_weather', arguments: '{"city":"Oslo"}' };
const turn: Message = { role: 'assistant', content: '', calls: [call], path: 'messages[1]' };
const result = (url: string): Message => ({
  role: 'tool',
  callId: 'a',
  content: '[image 1]',
  parts: [image(url, 'messages[2].content[0]')],
  path: 'messages[2]',
});
const of = (...messages: readonly Message[]) => ask({ messages });
const answer = [{ type: 'text-delta', text: 'Nice.' }] as const;
const notListed = { takesImages: true, isListed: () => false };

describe('pictures', () => {
  it('are notes to a model that takes text only, and people are told', async () => {
    const { client, seen } = scriptedClient([{ chunks: ['Nice.'] }], true);
    const complete = completeWith(client, { template: plain });
    const { warnings } = await foldEvents(complete(of(user), new AbortController().signal));
    expect(seen.prompts[0]).toContain('[image 1: not shown, this model takes text only]');
    expect(warnings).toMatchObject([{ code: 'image_not_shown', param: 'messages[0].content[1]' }]);
  });

  it('go to the chat of an engine that has one beside its text', async () => {
    const { client } = scriptedClient([], true);
    const { client: chat, seen } = scriptedChatClient([answer], true);
    const seeing = { ...client, chat: { ...chat, abilities: { tools: true, images: true } } };
    const complete = completeWith(seeing, { template: plain });
    const { report, warnings } = await foldEvents(complete(of(user), new AbortController().signal));
    expect(report?.path).toBe('engine');
    expect(warnings).toEqual([]);
    expect(seen.requests[0]?.messages).toEqual([user]);
  });

  it('stay where they were when tools are taught in the prompt', async () => {
    const { client, seen } = scriptedChatClient([answer], false);
    const seeing = { ...client, abilities: { tools: false, images: true } };
    const complete = completeWith(seeing, { template: plain });
    await foldEvents(complete(of(user, turn, result(data)), new AbortController().signal));
    const pictured = seen.requests[0]?.messages.filter(isPictured) ?? [];
    expect(pictured.map(({ parts }) => parts.map(({ type }) => type))).toEqual([
      ['text', 'image'],
      ['text', 'image'],
    ]);
    expect(pictured[0]?.content).toContain('Look:');
  });

  it('at addresses are shown from listed hosts alone: a person is refused, a tool never', () => {
    const url = 'https://example.com/a.png';
    const parts = [image(url, 'messages[0].content[0].image_url')];
    const person: Message = { ...user, content: '[image 1]', parts };
    expect(() => showPictures(of(person), notListed)).toThrow(
      expect.objectContaining({ code: 'address_refused', detail: { param: 'messages[0].content[0].image_url' } }),
    );
    const shown = showPictures(of(user, turn, result(url)), notListed);
    expect(shown.request.messages[2]).toMatchObject({ content: expect.stringMatching(/not shown, its address/) });
    expect(shown.request.messages[2]).not.toHaveProperty('parts');
    expect(shown.warnings).toHaveLength(1);
    const listed = { takesImages: true, isListed: ({ host }: URL) => host === 'example.com' };
    expect(showPictures(of(person), listed).request.messages).toEqual([person]);
  });
});
