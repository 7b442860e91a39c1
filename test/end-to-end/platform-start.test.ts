/** Two servers and one data directory, and models that are both declared and deployed. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { becomeAdministrator, Caller } from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { repository, runCommand } from './running-server.ts';

const places: Place[] = [];
afterEach(() => {
  for (const place of places.splice(0)) place.clear();
});

function newPlace(): Place {
  const place = freshPlace();
  places.push(place);
  return place;
}

describe('a model given by flag', () => {
  it('whose name a stored deployment has is refused, naming both', async () => {
    const place = newPlace();
    const server = await place.start(['--no-model']);
    const admin = await becomeAdministrator(server.url, place.dataFolder);
    const wish = { name: 'bundle', aliases: ['mine'], source: { kind: 'bundled' }, replicas: 0 };
    const { id } = await admin.api<{ id: string }>('POST', '/deployments', wish);
    await server.stop();
    const model = join(repository, 'models', 'nano', 'aimindserve-nano.gguf');
    const words = ['serve', '--port', '0', '--model', model, '--served-model-name', 'mine'];
    const { code, err } = await runCommand(words, { environment: { AIMINDSERVE_DATA_DIR: place.dataFolder } });
    expect(err).toContain(`'mine'`);
    expect(err).toContain(`'bundle' (${id})`);
    expect(err).toMatch(/--served-model-name|aimindserve rm/);
    expect(code).toBe(78);
  });

  it('is there beside what is deployed, cannot be changed, and is gone with the process', async () => {
    const place = newPlace();
    const server = await place.start(['--served-model-name', 'declared']);
    const admin = await becomeAdministrator(server.url, place.dataFolder);
    await admin.api('POST', '/deployments', { name: 'stored', source: { kind: 'bundled' }, replicas: 0 });
    const named = (await admin.deployments()).map(({ name, declaredBy }) => [name, declaredBy]);
    expect(named).toEqual([
      ['declared', 'command-line'],
      ['stored', 'store'],
    ]);
    expect(await admin.refused('PATCH', '/deployments/declared', { replicas: 2 })).toMatchObject({ status: 409 });
    expect(await admin.refused('DELETE', '/deployments/declared')).toMatchObject({ status: 409 });
    await server.stop();
    const next = await place.start(['--no-model']);
    expect((await admin.at(next.url).deployments()).map(({ name }) => name)).toEqual(['stored']);
    await next.stop();
  });
});

describe('a second server', () => {
  it('on the directory that nobody chose serves all the same, keeps nothing and says so', async () => {
    const place = newPlace();
    const usual = { AIMINDSERVE_DATA_DIR: '' };
    const first = await place.start(['--served-model-name', 'one'], usual);
    const second = await place.start(['--served-model-name', 'two'], usual);
    expect((await new Caller(second.url).chat('two')).status).toBe(200);
    expect((await new Caller(second.url).refused('GET', '/setup')).status).toBe(404);
    const { err } = await second.stop();
    expect(err).toContain(first.url);
    expect(err).toMatch(/keeps nothing/);
    expect((await new Caller(first.url).chat('one')).status).toBe(200);
    await first.stop();
  });

  it('on a directory that was chosen ends, and says who has it', async () => {
    const place = newPlace();
    const first = await place.start(['--no-model']);
    const words = ['serve', '--port', '0', '--no-model', '--data-dir', place.dataFolder];
    const { code, err } = await runCommand(words);
    expect(err).toContain(first.url);
    expect(err).toContain(place.dataFolder);
    expect(code).toBe(78);
    await first.stop();
    expect(existsSync(join(place.dataFolder, 'server.json'))).toBe(false);
  });
});
