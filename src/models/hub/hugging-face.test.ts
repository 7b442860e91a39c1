import { describe, expect, it } from 'vitest';
import { type ScriptedAnswer, scriptedOutbound } from './fixtures/scripted-outbound.ts';
import { createHuggingFace } from './hugging-face.ts';

const commit = 'a'.repeat(40);

function make(answer: (path: string) => ScriptedAnswer, token?: string) {
  const outbound = scriptedOutbound(answer);
  return { outbound, hub: createHuggingFace({ outbound, endpoint: 'https://hub.test/hf', token: () => token }) };
}

const refusing = (status: number, headers: Record<string, string>) =>
  make(() => ({ status, headers, json: {} }), 'hf_x').hub;

describe('what Hugging Face alone does', () => {
  it('takes only the cursor of a Link header, never its address', async () => {
    const { hub, outbound } = make((path) => {
      if (!path.includes('/tree/')) return { json: { sha: commit } };
      const link = '<http://169.254.169.254/api/x?cursor=c%2F1>; rel="next"';
      return { headers: path.includes('cursor') ? {} : { link }, json: [] };
    });
    await hub.files('a/b');
    expect(outbound.asked.at(-1)).toBe(`https://hub.test/hf/api/models/a/b/tree/${commit}?recursive=true&cursor=c%2F1`);
    expect(outbound.asked.every((address) => address.startsWith('https://hub.test/hf/'))).toBe(true);
  });

  it('ends a listing that has no end', async () => {
    const link = '<https://hub.test/?cursor=again>; rel="next"';
    const { hub, outbound } = make((path) =>
      path.includes('/tree/') ? { headers: { link }, json: [] } : { json: { sha: commit } },
    );
    await expect(hub.files('a/b')).rejects.toMatchObject({ code: 'outbound_failed' });
    expect(outbound.asked.length).toBeLessThan(60);
  });

  it('asks for a revision with slashes as one part', async () => {
    const { hub, outbound } = make((path) => ({ json: path.includes('/tree/') ? [] : { sha: commit } }));
    await hub.files('a/b', 'refs/pr/1');
    expect(outbound.asked[0]).toBe('https://hub.test/hf/api/models/a/b/revision/refs%2Fpr%2F1');
  });

  it('believes no hash that is none', async () => {
    const entry = { type: 'file', path: 'm.gguf', size: 1, lfs: { oid: 'abc', size: 1 } };
    const { hub } = make((path) => ({ json: path.includes('/tree/') ? [entry] : { sha: commit } }));
    await expect(hub.files('a/b')).rejects.toMatchObject({ code: 'outbound_failed' });
  });

  it('reads odd repositories of a search: old names, no dates, licences to accept at once', async () => {
    const json = [
      { id: 'gpt2' },
      { id: 'a/b', lastModified: 'yesterday', gated: 'auto', tags: ['gguf', 'license:mit'] },
    ];
    const { models } = await make(() => ({ json })).hub.search({ text: '', gguf: false, sort: 'likes', limit: 5 });
    expect(models).toEqual([
      { repository: 'a/b', downloads: 0, likes: 0, isGated: true, hasGguf: true, licence: 'mit' },
    ]);
  });

  it('reads the model below from the tags where the card says nothing', async () => {
    const tags = ['base_model:quantized:Qwen/Qwen3-8B', 'license:apache-2.0'];
    const { hub } = make((path) => (path.includes('/raw/') ? { text: '# Hello' } : { json: { sha: commit, tags } }));
    expect(await hub.card('a/b')).toEqual({ markdown: '# Hello', licence: 'apache-2.0', baseModel: 'Qwen/Qwen3-8B' });
  });

  it('cuts a card that is too long', async () => {
    const { hub } = make((path) => (path.includes('/raw/') ? { text: 'x'.repeat(1e6) } : { json: { sha: commit } }));
    expect((await hub.card('a/b')).markdown).toHaveLength(256 * 1024);
  });

  it('tells a wrong token from a missing repository, and a missing file from both', async () => {
    const listing = { repository: 'a/b', commit };
    const wrong = refusing(401, { 'x-error-message': 'Invalid credentials in Authorization header' });
    await expect(wrong.files('a/b')).rejects.toThrow('the token that is set is wrong or has expired');
    const noFile = refusing(404, { 'x-error-code': 'EntryNotFound' });
    await expect(noFile.checkAccess(listing, 'm.gguf')).rejects.toThrow('has no such file');
    const noRepository = refusing(404, { 'x-error-code': 'RepoNotFound' });
    await expect(noRepository.files('a/b')).rejects.toThrow('may read it (the one that is set may not)');
  });

  it('reads the wait from the RateLimit header too', async () => {
    const busy = refusing(429, { ratelimit: '"api";r=0;t=55' });
    await expect(busy.files('a/b')).rejects.toMatchObject({ code: 'rate_limited', detail: { retryAfter: 55 } });
    const vague = refusing(429, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' });
    await expect(vague.files('a/b')).rejects.toMatchObject({ code: 'rate_limited', detail: { internal: '{}' } });
  });
});
