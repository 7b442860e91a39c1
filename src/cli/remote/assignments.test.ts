/** `KEY=VALUE` words, each in its field's own type. */

import { describe, expect, it } from 'vitest';
import { readAssignments } from './assignments.ts';

const read = (...words: string[]) => readAssignments(words, '/folder');

describe('readAssignments', () => {
  it.each<[string, object]>([
    ['replicas=2', { replicas: 2 }],
    ['contextSize=16384', { contextSize: 16_384 }],
    ['ctx-size=16K', { contextSize: 16_384 }],
    ['contextSize=', { contextSize: null }],
    ['keep-alive=10m', { keepAliveSeconds: 600 }],
    ['description=8', { description: '8' }],
    ['systemPrompt=a=b, c', { systemPrompt: 'a=b, c' }],
    ['aliases=a, b', { aliases: ['a', 'b'] }],
    ['aliases=', { aliases: null }],
    ['backendParameters=["--a","b,c"]', { backendParameters: ['--a', 'b,c'] }],
    ['sampling.temperature=0.2', { sampling: { temperature: 0.2 } }],
    ['sampling.temperature=', { sampling: { temperature: null } }],
    ['sampling={"topK":5}', { sampling: { topK: 5 } }],
    ['environment.MY.NAME=1', { environment: { 'MY.NAME': '1' } }],
    ['env.A=', { environment: { A: null } }],
    ['label.zone=a', { placement: { labels: { zone: 'a' } } }],
    ['placement.devices=cuda:0,cuda:1', { placement: { devices: ['cuda:0', 'cuda:1'] } }],
    ['source=bundled', { source: { kind: 'bundled' } }],
    ['source=hf:a/b:Q8_0', { source: { kind: 'hub', hub: 'huggingface', repository: 'a/b', quantisation: 'Q8_0' } }],
    ['source=./m.gguf', { source: { kind: 'local', path: '/folder/m.gguf' } }],
  ])('%s', async (word, patch) => {
    expect(await read(word)).toEqual(patch);
  });

  it('puts fields of one object together', async () => {
    expect(await read('sampling.topP=1', 'sampling.topK=3')).toEqual({ sampling: { topP: 1, topK: 3 } });
  });

  it.each<[string, RegExp]>([
    ['replicas', /'replicas' is not KEY=VALUE/],
    ['=2', /is not KEY=VALUE/],
    ['replica=2', /Did you mean replicas\?/],
    ['replicas=two', /replicas: 'two' is not a number/],
    ['sampling.temprature=1', /Did you mean temperature\?/],
    ['replicas.x=1', /goes deeper than its field/],
    ['environment=A', /environment\.NAME=VALUE/],
    ['keepAliveSeconds=soon', /not a duration/],
    ['__proto__.x=1', /is not a field/],
  ])('refuses %s', async (word, message) => {
    await expect(read(word)).rejects.toThrowError(message);
    await expect(read(word)).rejects.toMatchObject({ status: 78 });
  });
});
