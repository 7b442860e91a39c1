import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AppError, isAppError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { createHubDouble, doubleTokens, type HubDouble } from './fixtures/hub-double.ts';
import type { Hub, HubKind, HubSort } from './hub.ts';
import { createHuggingFace } from './hugging-face.ts';
import { createModelScope } from './modelscope.ts';

const makers = { huggingface: createHuggingFace, modelscope: createModelScope } as const;
const known = 'Qwen/Qwen2.5-7B-Instruct-GGUF';
const gated = 'gated/Llama-Gated-GGUF';

let double: HubDouble;
let outbound: Outbound;

beforeAll(async () => {
  double = await createHubDouble({ treePageSize: 2 });
  outbound = createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: silentLog });
});
afterEach(() => {
  for (const name of Object.keys(double.faults)) Object.assign(double.faults, { [name]: undefined });
  double.requests.length = 0;
});
afterAll(async () => {
  await outbound.close();
  await double.close();
});

function hubOf(kind: HubKind, token?: string): Hub {
  return makers[kind]({ outbound, endpoint: double.url, token: () => token });
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  const thrown: unknown = await work.then(
    (value) => ({ unexpected: value }),
    (error: unknown) => error,
  );
  if (isAppError(thrown)) return thrown;
  expect.fail(`expected one of our errors, got ${JSON.stringify(thrown)}`);
}

describe.each(['huggingface', 'modelscope'] as const)('%s', (kind) => {
  const search = (sort: HubSort, more: Partial<Parameters<Hub['search']>[0]> = {}) =>
    hubOf(kind).search({ text: '', gguf: true, sort, limit: 50, ...more });

  describe('search', () => {
    it('reads what a repository says of itself', async () => {
      const { models, nextPage } = await search('downloads', { text: 'qwen2.5-7b' });
      expect(nextPage).toBeUndefined();
      expect(models).toEqual([
        {
          repository: known,
          downloads: 90_000,
          likes: 200,
          updatedAt: Date.parse('2025-02-26T17:40:28Z') / 1000,
          isGated: false,
          hasGguf: true,
          licence: 'apache-2.0',
          task: 'text-generation',
        },
      ]);
    });

    it.each([
      ['downloads', known],
      ['likes', 'Qwen/Qwen2.5-VL-Split-GGUF'],
      ['trending', 'Qwen/Qwen2.5-VL-Split-GGUF'],
      ['updated', 'Qwen/Qwen2.5-VL-Split-GGUF'],
    ] as const)('sorts by %s', async (sort, first) => {
      expect((await search(sort)).models[0]?.repository).toBe(first);
    });

    it('filters by GGUF, or not', async () => {
      const ids = async (gguf: boolean) =>
        (await search('downloads', { gguf })).models.map((model) => model.repository);
      expect(await ids(true)).not.toContain('Qwen/Qwen2.5-7B-Instruct');
      expect((await ids(false))[0]).toBe('Qwen/Qwen2.5-7B-Instruct');
    });

    it('goes through the pages, each model once', async () => {
      const seen: string[] = [];
      for (let page: string | undefined, turn = 0; turn < 9; turn++) {
        const part = await search('downloads', { gguf: false, limit: 2, ...(page === undefined ? {} : { page }) });
        seen.push(...part.models.map((model) => model.repository));
        page = part.nextPage;
        if (page === undefined) break;
      }
      expect(seen).toHaveLength(4);
      expect(new Set(seen).size).toBe(4);
    });

    it('shows what is private only to its owner, and marks what is gated', async () => {
      expect((await search('downloads', { text: 'secret' })).models).toEqual([]);
      const mine = await hubOf(kind, doubleTokens.owner).search({
        text: 'secret',
        gguf: true,
        sort: 'likes',
        limit: 5,
      });
      expect(mine.models.map((model) => model.repository)).toEqual(['private/Secret-GGUF']);
      expect((await search('downloads', { text: 'gated' })).models[0]?.isGated).toBe(true);
    });

    it('refuses a search no hub would answer', async () => {
      expect((await failure(search('likes', { limit: 51 }))).code).toBe('invalid_value');
    });
  });

  describe('files', () => {
    it('lists them all at one commit, with sizes and hashes', async () => {
      const listing = await hubOf(kind).files(known);
      const served = double.repositories.find((repository) => repository.id === known);
      expect(listing.commit).toBe(served?.commit);
      expect(listing.files.map((file) => file.path).sort()).toEqual(served?.files.map((file) => file.path).sort());
      const weights = listing.files.find((file) => file.path.endsWith('q4_k_m.gguf'));
      const bytes = readFileSync('models/nano/aimindserve-nano.gguf');
      expect(weights?.sizeBytes).toBe(bytes.length);
      expect(weights?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    });

    it('lists files of folders, and no folders', async () => {
      const { files } = await hubOf(kind).files('Qwen/Qwen2.5-VL-Split-GGUF');
      expect(files.map((file) => file.path)).toContain('BF16/model-BF16-00002-of-00003.gguf');
      expect(files).toHaveLength(5);
    });

    it('takes a commit', async () => {
      const { commit } = await hubOf(kind).files(known);
      expect((await hubOf(kind).files(known, commit)).commit).toBe(commit);
    });

    it('names a revision that is not there', async () => {
      const error = await failure(hubOf(kind).files(known, 'v9'));
      expect(error.code).toBe('download_refused');
      expect(error.message).toContain("no revision 'v9'");
    });

    it('says of what is not there and of what is private the same', async () => {
      for (const repository of ['nobody/nothing', 'private/Secret-GGUF']) {
        const error = await failure(hubOf(kind).files(repository));
        expect(error.code).toBe('download_refused');
        expect(error.message).toMatch(/private/);
        expect(error.message).toContain(repository);
      }
      expect((await hubOf(kind, doubleTokens.owner).files('private/Secret-GGUF')).files).toHaveLength(1);
    });

    it.each(['../../etc', 'a/b/c', 'one', './x', 'a/..', 'a b/c', 'a/b?x'])('refuses %s before it asks', async (id) => {
      expect((await failure(hubOf(kind).files(id))).code).toBe('invalid_value');
      expect(double.requests).toEqual([]);
    });
  });

  describe('card', () => {
    it('is the text without its front matter, and what that says', async () => {
      expect(await hubOf(kind).card(known)).toEqual({
        markdown: '# Qwen2.5-7B-Instruct-GGUF\n\nA model.\n',
        licence: 'apache-2.0',
        baseModel: 'Qwen/Qwen2.5-7B-Instruct',
      });
    });

    it('is empty where there is none', async () => {
      expect((await hubOf(kind).card('Qwen/Qwen2.5-VL-Split-GGUF')).markdown).toBe('');
    });

    it('of a gated repository names the page of its licence', async () => {
      const card = await hubOf(kind).card(gated);
      expect(card).toMatchObject({ markdown: '', licence: 'llama3.1' });
      expect(card.gatedUrl).toContain(gated);
    });
  });

  describe('a file', () => {
    const fetchFile = async (hub: Hub, repository: string, path: string) => {
      const { commit } = await hub.files(repository);
      const { url, headers } = hub.fileUrl(repository, commit, path);
      const response = await outbound.request(url, { headers });
      const pieces: Uint8Array[] = [];
      for await (const piece of response.body) pieces.push(piece);
      return { status: response.status, bytes: Buffer.concat(pieces), from: response.url };
    };

    it('comes from another host, byte for byte', async () => {
      const hub = hubOf(kind);
      const { status, bytes, from } = await fetchFile(hub, known, 'qwen2.5-7b-instruct-q4_k_m.gguf');
      expect(status).toBe(200);
      expect(from.startsWith(double.fileUrl)).toBe(true);
      expect(bytes.equals(readFileSync('models/nano/aimindserve-nano.gguf'))).toBe(true);
    });

    it('of a private repository comes with a token, which the other host never sees', async () => {
      const { status } = await fetchFile(hubOf(kind, doubleTokens.owner), 'private/Secret-GGUF', 'secret-Q4_K_M.gguf');
      expect(status).toBe(200);
      const elsewhere = double.requests.filter((request) => request.at === 'files');
      expect(elsewhere).toHaveLength(1);
      expect(JSON.stringify(elsewhere)).not.toContain(doubleTokens.owner);
    });

    it('has a token in its headers alone', async () => {
      const { url } = hubOf(kind, doubleTokens.owner).fileUrl(known, 'main', 'a b/ü#?.gguf');
      expect(url).not.toContain(doubleTokens.owner);
      expect(new URL(url).hash).toBe('');
    });

    it('may be had, is the word before a download', async () => {
      const hub = hubOf(kind);
      const listing = await hub.files(known);
      await hub.checkAccess(listing, 'qwen2.5-7b-instruct-q4_k_m.gguf');
      const refused = await failure(hub.checkAccess(listing, 'nothing.gguf'));
      expect(refused.code).toBe('download_refused');
      expect(double.requests.filter((request) => request.at === 'files')).toEqual([]);
    });

    it.each([
      ['nobody', undefined, 'set a token'],
      ['a stranger', doubleTokens.stranger, 'account whose token is set'],
    ])('that is gated is refused to %s with the page to accept its licence on', async (_, token, advice) => {
      const hub = hubOf(kind, token);
      const commit = double.repositories.find((repository) => repository.id === gated)?.commit ?? '';
      const error = await failure(hub.checkAccess({ repository: gated, commit }, 'llama-Q4_K_M.gguf'));
      expect(error.code).toBe('download_refused');
      expect(error.message).toContain('gated');
      expect(error.message).toMatch(new RegExp(`https?://\\S+/${gated}`));
      expect(error.message).toContain(advice);
      expect(error.message).not.toContain('double-');
    });

    it('that is gated comes to who may have it', async () => {
      const hub = hubOf(kind, doubleTokens.owner);
      await hub.checkAccess(await hub.files(gated), 'llama-Q4_K_M.gguf');
    });
  });

  describe('trouble', () => {
    it('429 is a limit with its wait', async () => {
      Object.assign(double.faults, { status: 429, retryAfterSeconds: 17 });
      const error = await failure(hubOf(kind).files(known));
      expect([error.code, error.detail.retryAfter]).toEqual(['rate_limited', 17]);
    });

    it.each([500, 503])('%i is the hub’s own', async (status) => {
      double.faults.status = status;
      const error = await failure(search('likes'));
      expect(error.code).toBe('outbound_failed');
      expect(error.message).toContain(String(status));
      expect(error.message).toContain(hubOf(kind).title);
    });

    it.each([
      ['no JSON', '<html>captive portal</html>'],
      ['cut JSON', '[{"id":"a/b"'],
      ['null', 'null'],
      ['a number', '7'],
      ['an empty object', '{}'],
      ['an empty list', '[[]]'],
      [
        'wrong types',
        '{"data":{"models":[{"id":7}]},"Data":{"Files":[{"Type":"blob","Path":[],"Size":"x"}]},"sha":{}}',
      ],
      ['wrong types in a list', '[{"id":{},"type":"file","path":"a","size":-1}]'],
      ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ])('%s in place of an answer is the hub’s fault, not a crash', async (_, body) => {
      double.faults.body = body;
      for (const work of [search('likes'), hubOf(kind).files(known)]) {
        const error = await failure(work);
        expect(error.code, error.message).toMatch(/outbound_failed|download_refused/);
        expect(error.message).toContain(hubOf(kind).title);
        expect(error.message.length).toBeLessThan(600);
      }
    });

    it.each(['../evil.gguf', '/etc/passwd', 'a//b.gguf', 'a\\b.gguf', 'a/./b.gguf', 'a\u0000.gguf', ''])(
      'a file named %j is refused',
      async (path) => {
        const entry = { type: 'file', path, size: 1, Type: 'blob', Path: path, Size: 1 };
        const tree = JSON.stringify(kind === 'huggingface' ? [entry] : { Data: { Files: [entry] } });
        const lying: Outbound = {
          request: async (url, options) => {
            const response = await outbound.request(url, options);
            if (!/tree|repo\/files/.test(url)) return response;
            response.cancel();
            return { ...response, body: bytesOf(tree) };
          },
          close: async () => {},
        };
        const error = await failure(
          makers[kind]({ outbound: lying, endpoint: double.url, token: () => undefined }).files(known),
        );
        expect(error.code).toBe('outbound_failed');
      },
    );

    it('an answer without end is cut off', async () => {
      let sent = 0;
      const endless: Outbound = {
        request: async (url) => ({
          status: 200,
          headers: {},
          url,
          cancel: () => {},
          body: (async function* () {
            for (; sent < 1_000; sent++) yield new Uint8Array(2 ** 20).fill(32);
          })(),
        }),
        close: async () => {},
      };
      const error = await failure(
        makers[kind]({ outbound: endless, endpoint: double.url, token: () => undefined }).files(known),
      );
      expect(error.code).toBe('outbound_failed');
      expect(sent).toBeLessThan(20);
    });

    it('a wrong token is never told', async () => {
      const error = await failure(hubOf(kind, 'hf_wrong-secret').files('private/Secret-GGUF'));
      expect(error.code).toBe('download_refused');
      expect(error.message).not.toContain('wrong-secret');
    });

    it('a caller may leave', async () => {
      double.faults.silent = 'api';
      const leave = new AbortController();
      const work = failure(hubOf(kind).files(known, undefined, leave.signal));
      leave.abort();
      expect((await work).message).toContain('cancelled');
    });

    it('silence is told from an answer', async () => {
      expect(await hubOf(kind).answers(2_000)).toBe(true);
      double.faults.status = 500;
      expect(await hubOf(kind).answers(2_000)).toBe(true);
      double.faults.silent = 'api';
      expect(await hubOf(kind).answers(50)).toBe(false);
    });
  });
});

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
