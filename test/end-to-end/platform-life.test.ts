/** The life of a deployment under load: scaled, edited, stopped, unloaded, and found again by the next server. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { becomeAdministrator, type Caller, isReady, until, watchUntil } from './platform-caller.ts';
import { enginesIn, processesOf } from './platform-processes.ts';
import { freshPlace, type Place } from './platform-server.ts';
import type { ServeProcess } from './running-server.ts';

let place: Place;
let server: ServeProcess;
let admin: Caller;
let client: Caller;
beforeAll(async () => {
  place = freshPlace();
  server = await place.start(['--no-model']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
});

const engines = () => [...enginesIn(place.dataFolder).values()];

describe('a server that was told to declare no model', () => {
  it('serves nothing yet, and says what to do', async () => {
    expect(server.banner).toContain('aimindserve deploy');
    expect(await admin.deployments()).toEqual([]);
    expect(engines()).toEqual([]);
    ({ holder: client } = await admin.makeKey({ name: 'client' }));
    expect((await client.chat('nano')).status).toBe(404);
  });
});

describe('a deployment', () => {
  const scale = async (replicas: number) => {
    await admin.api('POST', '/deployments/nano/scale', { replicas });
    await watchUntil(
      admin,
      'nano',
      ({ readyReplicas, instances }) => readyReplicas === replicas && instances.length === replicas,
    );
  };

  it('is scaled up and down', async () => {
    const source = { kind: 'bundled' };
    await admin.api('POST', '/deployments', { name: 'nano', source, contextSize: 512, parallel: 1, threads: 1 });
    await watchUntil(admin, 'nano', isReady);
    await scale(2);
    expect(engines()).toHaveLength(2);
    await scale(1);
    await until('the other engine has ended', () => engines().length === 1);
  });

  it('is edited without a failed request while four clients ask all the time', async () => {
    await scale(2);
    const before = new Set(engines());
    let isOver = false;
    const ask = async (): Promise<number[]> => {
      const statuses = [];
      while (!isOver) statuses.push((await client.chat('nano')).status);
      return statuses;
    };
    const asking = [ask(), ask(), ask(), ask()];
    const { revision } = await admin.api<{ revision: number }>('PATCH', '/deployments/nano', { parallel: 2 });
    await watchUntil(
      admin,
      'nano',
      ({ instances }) =>
        instances.length === 2 &&
        instances.every((instance) => instance.revision === revision && instance.state === 'ready'),
    );
    isOver = true;
    const statuses = (await Promise.all(asking)).flat();
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(statuses.length).toBeGreaterThan(8);
    expect(engines().filter((pid) => before.has(pid))).toEqual([]);
  });

  it('is not edited by somebody who has seen an older revision', async () => {
    const { revision } = await admin.deployment('nano');
    const patch = (number: number) =>
      admin.send(
        'PATCH',
        '/api/v1/deployments/nano',
        { description: `after ${number}` },
        { 'if-match': `"${number}"` },
      );
    expect((await patch(revision - 1)).status).toBe(412);
    expect((await patch(revision)).status).toBe(200);
  });

  it('is stopped and started', async () => {
    await admin.api('POST', '/deployments/nano/stop');
    await watchUntil(admin, 'nano', ({ state, instances }) => state === 'stopped' && instances.length === 0);
    expect(engines()).toEqual([]);
    const answer = await client.chat('nano');
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('model_stopped')]);
    await admin.api('POST', '/deployments/nano/start');
    expect((await client.chat('nano')).status).toBe(200);
    await watchUntil(admin, 'nano', isReady);
  });

  it('unloads when nobody asks, and loads when somebody does', async () => {
    await admin.api('PATCH', '/deployments/nano', { replicas: 1, keepAliveSeconds: 1 });
    await watchUntil(admin, 'nano', ({ state, instances }) => state === 'idle' && instances.length === 0);
    expect(engines()).toEqual([]);
    expect((await client.chat('nano')).status).toBe(200);
    await admin.api('PATCH', '/deployments/nano', { keepAliveSeconds: null });
    await watchUntil(admin, 'nano', isReady);
  });
});

describe('the next server', () => {
  it('finds everything again, and declares no model beside it', async () => {
    const before = await admin.deployment('nano');
    expect((await server.stop()).code).toBe(0);
    expect(processesOf(place.dataFolder)).toEqual([]);
    server = await place.start();
    admin = admin.at(server.url);
    client = client.at(server.url);
    expect((await admin.deployments()).map(({ id, spec }) => ({ id, spec }))).toEqual([
      { id: before.id, spec: before.spec },
    ]);
    expect((await client.chat('nano')).status).toBe(200);
  });
});
