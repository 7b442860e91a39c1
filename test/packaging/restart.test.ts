/** `aimindserve restart`: a new server, the old engines. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { becomeAdministrator, type Caller, isReady, until, watchUntil } from '../end-to-end/platform-caller.ts';
import { enginesIn, processesOf } from '../end-to-end/platform-processes.ts';
import { freshPlace, type Place } from '../end-to-end/platform-server.ts';
import { runCommand, type ServeProcess } from '../end-to-end/running-server.ts';

let place: Place;
let server: ServeProcess;
let admin: Caller;
let client: Caller;
beforeAll(async () => {
  place = freshPlace();
  server = await place.start(['--no-model']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
  const source = { kind: 'bundled' };
  const deployment = { name: 'nano', source, contextSize: 2048, parallel: 2, threads: 1 };
  await admin.api('POST', '/deployments', deployment);
  await watchUntil(admin, 'nano', isReady);
  ({ holder: client } = await admin.makeKey({ name: 'client' }));
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
});

const engines = () => [...enginesIn(place.dataFolder).values()];
const restart = () => runCommand(['restart'], { environment: { AIMINDSERVE_DATA_DIR: place.dataFolder } });

const underWay = /aimindserve_answers_under_way\{[^}]*\} 1/;

/** An answer that takes a while; the text of the whole stream. */
const longAnswer = async (): Promise<string> => {
  const messages = [{ role: 'user', content: 'What is the weather in Paris?' }];
  const body = { model: 'nano', stream: true, max_tokens: 400, messages };
  return (await client.send('POST', '/v1/chat/completions', body)).text;
};

describe('aimindserve restart', () => {
  it('lets a running stream end, exits with 0, and leaves the engine to the next server', async () => {
    const before = engines();
    expect(before).toHaveLength(1);
    const answer = longAnswer();
    await until('the answer has begun', async () => underWay.test((await admin.send('GET', '/metrics')).text));
    const restarting = restart();
    expect((await server.ended).code).toBe(0);
    expect(await answer).toContain('data: [DONE]');
    expect(engines()).toEqual(before);

    server = await place.start(['--no-model']);
    const { code, out } = await restarting;
    expect(out).toContain(`The server is back: ${server.url}`);
    expect(code).toBe(0);
    admin = admin.at(server.url);
    client = client.at(server.url);
    await watchUntil(admin, 'nano', isReady);
    expect(engines()).toEqual(before);
    expect((await client.chat('nano')).status).toBe(200);
  });

  it('ends the engine of a model that was given by a flag: nothing would find it again', async () => {
    await admin.api('POST', '/deployments/nano/stop');
    await until('its engine has ended', () => engines().length === 0);
    await server.stop();
    server = await place.start(['--served-model-name', 'passing']);
    expect(engines()).toHaveLength(1);
    server.child.kill('SIGUSR2');
    expect((await server.ended).code).toBe(0);
    await until('its guard has gone too', () => processesOf(place.dataFolder).length === 0);
  });

  it('says so where no server runs', async () => {
    const { code, err } = await restart();
    expect(err).toContain(`No server runs on the data directory ${place.dataFolder}.`);
    expect(code).toBe(1);
  });
});
