import { describe, expect, it } from 'vitest';
import { type ScriptedAnswer, scriptedOutbound } from './fixtures/scripted-outbound.ts';
import { createModelScope } from './modelscope.ts';

const commit = 'c'.repeat(40);
const other = 'd'.repeat(40);

function make(answer: (path: string) => ScriptedAnswer, token?: string) {
  const outbound = scriptedOutbound(answer);
  return { outbound, hub: createModelScope({ outbound, endpoint: 'https://ms.test', token: () => token }) };
}

const blob = (path: string, revision: string) => ({
  Type: 'blob',
  Path: path,
  Size: 1,
  Sha256: '',
  Revision: revision,
});

const listing = (latest: unknown, ...files: unknown[]) =>
  make(() => ({ json: { Code: 200, Data: { Files: files, LatestCommitter: latest } } })).hub;

const refusing = (status: number, json: unknown) =>
  make((path) => (path.startsWith('/openapi') ? { status: 404, json: {} } : { status, json }), 'ms-token').hub;

describe('what ModelScope alone does', () => {
  it.each([
    [{ Id: commit }, commit],
    [{ Id: '', ShortId: 'cccccccc' }, commit],
    [{ Id: '', ShortId: 'eeeeeeee' }, 'master'],
    [{ Id: '', ShortId: '' }, 'master'],
    [{ Name: 'someone' }, 'master'],
    [null, 'master'],
  ])('takes the commit that %j tells', async (latest, expected) => {
    const hub = listing(latest, blob('a.gguf', other), blob('b.gguf', commit));
    expect((await hub.files('a/b')).commit).toBe(expected);
  });

  it('says so when a listing is cut', async () => {
    const files = Array.from({ length: 3_000 }, (_, index) => blob(`${index}`, commit));
    await expect(listing(null, ...files).files('a/b')).rejects.toThrow('only 3000 files');
  });

  it('goes no further in a search than the hub does', async () => {
    const json = { success: true, data: { models: [], total_count: 250_000 } };
    const { hub } = make(() => ({ json }));
    const query = { text: '', gguf: true, sort: 'likes', limit: 50 } as const;
    expect((await hub.search({ ...query, page: '59' })).nextPage).toBe('60');
    expect((await hub.search({ ...query, page: '60' })).nextPage).toBeUndefined();
    expect((await hub.search({ ...query, page: 'x&y' })).nextPage).toBe('2');
  });

  it('tells refusals by their code', async () => {
    const closed = refusing(404, { Code: 10010200001 }).files('a/b');
    await expect(closed).rejects.toThrow('private or gated: access is asked for at https://ms.test/models/a/b');
    await expect(refusing(404, { Code: 10990101004 }).files('a/b', 'v9')).rejects.toThrow("no revision 'v9'");
    await expect(refusing(404, { Code: 10010205001 }).files('a/b')).rejects.toThrow("no repository 'a/b'");
    await expect(refusing(404, 'page not found').files('a/b')).rejects.toThrow("no repository 'a/b'");
    await expect(refusing(401, {}).files('a/b')).rejects.toThrow('wrong or has expired');
    const { hub } = make(() => ({ status: 401, json: {} }));
    await expect(hub.files('a/b')).rejects.toThrow("no repository 'a/b'");
    const query = { text: '', gguf: true, sort: 'likes', limit: 5 } as const;
    await expect(hub.search(query)).rejects.toThrow('answered 401 for /openapi/v1/models');
    await expect(refusing(400, {}).files('a/b')).rejects.toMatchObject({ code: 'outbound_failed' });
  });

  it('shows a token in both ways, and only in headers', () => {
    const { hub } = make(() => ({}), 'ms-token');
    const { url, headers } = hub.fileUrl('a/b', commit, 'sub dir/ü&x.gguf');
    expect(headers).toEqual({ authorization: 'Bearer ms-token', cookie: 'm_session_id=ms-token' });
    expect(new URL(url).searchParams.get('FilePath')).toBe('sub dir/ü&x.gguf');
    expect(() => hub.fileUrl('a/b', commit, '../x')).toThrow('no path within a repository');
  });
});
