import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { createHubDouble, doubleTokens, type HubDouble } from './fixtures/hub-double.ts';
import { createHubs } from './hubs.ts';

let first: HubDouble;
let second: HubDouble;
let outbound: Outbound;
beforeAll(async () => {
  first = await createHubDouble();
  second = await createHubDouble();
  outbound = createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: silentLog });
});
afterAll(async () => {
  await outbound.close();
  await Promise.all([first.close(), second.close()]);
});

function make(token: () => string | undefined = () => undefined) {
  const endpoints = { huggingface: first.url, modelscope: second.url };
  return createHubs({ outbound, endpoints, token, clock: systemClock, silentAfterMs: 100 });
}

it('gives the hub that was chosen, without asking whether it is there', async () => {
  const hubs = make();
  expect((await hubs.pick('huggingface')).hub.endpoint).toBe(first.url);
  expect((await hubs.pick('modelscope')).hub.endpoint).toBe(second.url);
  expect([...first.requests, ...second.requests]).toEqual([]);
});

it('takes ModelScope where Hugging Face is silent, and finds the same model there', async () => {
  first.faults.silent = 'api';
  const { hub, note } = await make().pick('auto');
  first.faults.silent = undefined;
  expect(hub.kind).toBe('modelscope');
  expect(note).toContain('did not answer within 0.1 s');
  expect((await hub.files('Qwen/Qwen2.5-7B-Instruct-GGUF')).files).toHaveLength(3);
});

it('uses a token as soon as it is set', async () => {
  let token: string | undefined;
  const { hub } = await make(() => token).pick('huggingface');
  await expect(hub.files('private/Secret-GGUF')).rejects.toThrow('set a token that may read it.');
  token = doubleTokens.owner;
  expect((await hub.files('private/Secret-GGUF')).files).toHaveLength(1);
});
