/** What supervisors are told, over a real socket. */

import { afterEach, describe, expect, it } from 'vitest';
import type { InstanceState } from '../fleet/instance.ts';
import { readyModel, type ScriptedServer, startScripted } from './fixtures/scripted-server.ts';

const servers: ScriptedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.app.close(0)));
});

async function readiness(states: readonly InstanceState[]): Promise<string> {
  const models = states.map((state) => ({ ...readyModel, state }));
  const server = await startScripted({ keys: ['a key'], models: () => models });
  servers.push(server);
  const response = await fetch(`${server.url}/readyz`);
  return `${response.status} ${await response.text()}`;
}

const ready = '200 {"status":"ready"}';
const starting = '503 {"status":"starting"}';

describe('a server', () => {
  const table: readonly (readonly [what: string, states: readonly InstanceState[], told: string])[] = [
    ['without models is ready: it can be managed', [], ready],
    ['whose only model loads is not', ['starting'], starting],
    ['whose only model waits for its turn is not', ['pending'], starting],
    ['whose only model failed is not', ['failed'], starting],
    ['one of whose models answers is ready', ['failed', 'ready', 'starting'], ready],
    ['whose models sleep or are stopped is ready', ['stopped', 'stopping'], ready],
    ['of whose models one loads while the others are stopped is not', ['stopped', 'fetching'], starting],
  ];
  for (const [what, states, told] of table)
    it(what, async () => {
      expect(await readiness(states)).toBe(told);
    });
});
