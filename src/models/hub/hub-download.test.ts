import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { isAppError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { downloadFile } from '../../outbound/download.ts';
import { startProxy } from '../../outbound/fixtures/loopback-proxy.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { createHubDouble, doubleTokens, type HubDouble } from './fixtures/hub-double.ts';
import type { HubKind } from './hub.ts';
import { createHubs } from './hubs.ts';
import { pickFiles } from './pick-files.ts';

const repository = 'Qwen/Qwen2.5-7B-Instruct-GGUF';
const weights = readFileSync('models/nano/aimindserve-nano.gguf');
const folder = mkdtempSync(join(tmpdir(), 'hub-download-'));

let double: HubDouble;
let outbound: Outbound;
beforeAll(async () => {
  double = await createHubDouble();
  outbound = createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: silentLog });
});
afterEach(() => {
  for (const name of Object.keys(double.faults)) Object.assign(double.faults, { [name]: undefined });
  double.requests.length = 0;
});
afterAll(async () => {
  await outbound.close();
  await double.close();
  rmSync(folder, { recursive: true, force: true });
});

/** By the whole way: list, pick, fetch; the target's path. */
async function fetchModel(kind: HubKind, id: string, target: string, by = outbound): Promise<string> {
  const endpoints = { huggingface: double.url, modelscope: double.url };
  const hubs = createHubs({ outbound: by, endpoints, token: () => doubleTokens.owner, clock: systemClock });
  const { hub } = await hubs.pick(kind);
  const listing = await hub.files(id);
  const tools = { outbound: by, clock: systemClock, pause: async () => {}, idleTimeoutMs: 100 };
  for (const [index, file] of pickFiles(listing).files.entries()) {
    const path = join(folder, `${kind}-${target}-${index}`);
    await downloadFile(tools, { ...hub.fileUrl(id, listing.commit, file.path), ...withoutPath(file), target: path });
  }
  return join(folder, `${kind}-${target}`);
}

const withoutPath = ({ sizeBytes, sha256 }: { sizeBytes: number; sha256?: string }) =>
  sha256 === undefined ? { sizeBytes } : { sizeBytes, sha256 };

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isAppError(error)) return error.code;
    throw error;
  }
  return 'none';
}

const fetches = () => double.requests.filter((request) => request.at === 'files').length;

describe.each(['huggingface', 'modelscope'] as const)('a model of %s', (kind) => {
  it('arrives byte for byte', async () => {
    const path = await fetchModel(kind, repository, 'plain');
    expect(readFileSync(`${path}-0`).equals(weights)).toBe(true);
    expect(fetches()).toBe(1);
  });

  it('arrives through a proxy, hub and files alike', async () => {
    const proxy = await startProxy();
    const environment = { HTTP_PROXY: proxy.origin };
    const proxied = createOutbound({ environment, allowedHosts: () => ['127.0.0.1'], log: silentLog });
    const path = await fetchModel(kind, repository, 'proxied', proxied);
    await proxied.close();
    expect(readFileSync(`${path}-0`).equals(weights)).toBe(true);
    expect(double.requests.length).toBeGreaterThan(1);
    expect(proxy.asked).toHaveLength(double.requests.length);
  });

  it('arrives in its parts', async () => {
    const id = 'Qwen/Qwen2.5-VL-Split-GGUF';
    const path = await fetchModel(kind, id, 'parts');
    const parts =
      double.repositories.find((one) => one.id === id)?.files.filter((file) => /-of-/.test(file.path)) ?? [];
    expect(parts).toHaveLength(3);
    for (const [index, part] of parts.entries())
      expect(readFileSync(`${path}-${index}`).equals(readFileSync(part.diskPath))).toBe(true);
  });

  it.each([
    ['cut', { cutAfterBytes: 2 ** 21 }],
    ['stalled', { stallAfterBytes: 2 ** 21 }],
  ])('arrives though its connections are %s', async (name, faults) => {
    Object.assign(double.faults, faults);
    const path = await fetchModel(kind, repository, name);
    expect(readFileSync(`${path}-0`).equals(weights)).toBe(true);
    expect(fetches()).toBe(3);
  });

  it('arrives where ranges are ignored', async () => {
    double.faults.ignoresRange = true;
    const path = await fetchModel(kind, repository, 'whole');
    expect(readFileSync(`${path}-0`).equals(weights)).toBe(true);
  });

  it.each([
    ['checksum_mismatch', { wrongBytes: true }],
    ['download_refused', { fileStatus: 403 }],
    ['download_failed', { fileStatus: 503 }],
    ['download_failed', { cutAfterBytes: 1_000 }],
  ])('ends as %s with %j, and leaves nothing that looks whole', async (code, faults) => {
    Object.assign(double.faults, faults);
    const name = `${code}-${Object.keys(faults)[0]}`;
    expect(await codeOf(fetchModel(kind, repository, name))).toBe(code);
    expect(existsSync(join(folder, `${kind}-${name}-0`))).toBe(false);
  });
});
