/** A ticket is given back, however the answer ends. */

import { afterEach, expect, it } from 'vitest';
import type { Ticket } from '../answering/admission.ts';
import type { ChatEvent } from '../chat/event.ts';
import { eventsOf, type ScriptedServer, startScripted, textAnswer } from './fixtures/scripted-server.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.app.close(0)));
});

const endings: readonly (readonly [how: string, complete: () => AsyncIterable<ChatEvent>])[] = [
  ['is whole', () => eventsOf(textAnswer('hi'))],
  [
    'never begins',
    () => {
      throw new TypeError('nothing to read');
    },
  ],
  ['ends without an end', () => eventsOf([])],
];
for (const [how, complete] of endings)
  for (const stream of [true, false])
    it(`of an answer that ${how} (${stream ? 'streamed' : 'whole'})`, async () => {
      let isHeld = false;
      const release = (): void => {
        isHeld = false;
      };
      const admit = (): Ticket => {
        isHeld = true;
        return { headers: {}, promptTokens: 0, move: () => {}, settle: () => {}, release };
      };
      const server = await startScripted({ complete, options: { door: { admit, headers: () => ({}) } } });
      servers.push(server);
      const body = JSON.stringify({ model: 'org/nano', stream, messages: [{ role: 'user', content: 'hi' }] });
      const response = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
      await response.text();
      await server.app.close(0);
      expect(isHeld).toBe(false);
    });
