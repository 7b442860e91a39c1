/** ModelScope's REST API: the documented one under `/openapi/v1` for models, the older one under `/api/v1` for files. */

import type { Field } from '../../base/decode.ts';
import { type AppError, isAppError, UnavailableError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { maxCardBytes, splitCard } from './card-text.ts';
import type { Hub, HubCard, HubFile, HubFileUrl, HubListing, HubModel, HubPage, HubQuery } from './hub.ts';
import { type HubAnswer, HubConnection, type HubManners, type HubParts, type HubSubject } from './hub-connection.ts';
import { checkRepository, checkSearch, decodeFile, encodePath, isRepository, label, momentOf } from './hub-decode.ts';
import { busyRefusal, type Refusal } from './hub-refusal.ts';

type About = HubSubject & { readonly repository: string };

const title = 'ModelScope';
/** modelscope_hub/constants.py: `DEFAULT_DATASET_REVISION` and the SDK's default for models. */
const defaultRevision = 'master';
/** `repo/files` cuts a listing here without a word: `REPO_FILES_TRUNCATION_LIMIT`, modelscope_hub/constants.py. */
const maxFiles = 3_000;
/** A search reaches no further: `list_models`, modelscope_hub/_openapi.py. */
const maxFound = 3_000;
/** The API's words, as a-ghorbani/pocketpal-ai records them (src/api/modelSources); `trending` is its own order. */
const sorts = { trending: 'default', likes: 'likes', downloads: 'downloads', updated: 'last_modified' } as const;

/** A hub that speaks ModelScope's API. */
export function createModelScope(parts: HubParts): Hub {
  return new ModelScope(parts);
}

class ModelScope implements Hub {
  readonly kind = 'modelscope';
  readonly title = title;
  readonly endpoint: string;
  readonly #connection: HubConnection;

  constructor(parts: HubParts) {
    this.endpoint = parts.endpoint;
    const refusal: HubManners['refusal'] = (answer, asked) =>
      readRefusal(answer, asked, this.#pageOf(asked.repository));
    this.#connection = new HubConnection(parts, { title, credentials, refusal });
  }

  /** `GET /openapi/v1/models`: `list_models` of modelscope_hub/_openapi.py; pages hold at most 50. */
  async search(query: HubQuery, signal?: AbortSignal): Promise<HubPage> {
    checkSearch(query);
    const page = /^\d{1,4}$/.test(query.page ?? '') ? Number(query.page) : 1;
    const wanted = new URLSearchParams({
      sort: sorts[query.sort],
      page_number: String(page),
      page_size: String(query.limit),
    });
    if (query.text !== '') wanted.set('search', query.text);
    if (query.gguf) wanted.set('filter.library', 'gguf');
    return this.#connection.json(`/openapi/v1/models?${wanted}`, { signal }, (root) => {
      const data = root.get('data');
      const models = data.get('models').optional((found) => found.items().flatMap(readModel)) ?? [];
      const total = Math.min(countOf(data.get('total_count')), maxFound);
      return page * query.limit < total ? { models, nextPage: String(page + 1) } : { models };
    });
  }

  async files(repository: string, revision = defaultRevision, signal?: AbortSignal): Promise<HubListing> {
    checkRepository(repository);
    return this.#explained({ repository, revision, signal }, () => this.#list({ repository, revision, signal }));
  }

  async card(repository: string, revision = defaultRevision, signal?: AbortSignal): Promise<HubCard> {
    checkRepository(repository);
    const model = await this.#model({ repository, signal });
    const card = splitCard(await this.#readme({ repository, revision, signal }));
    const licence = card.licence ?? model?.licence;
    return {
      markdown: card.markdown,
      ...(licence === undefined ? {} : { licence }),
      ...(card.baseModel === undefined ? {} : { baseModel: card.baseModel }),
      ...(model?.isGated === true ? { gatedUrl: this.#pageOf(repository) } : {}),
    };
  }

  fileUrl(repository: string, commit: string, path: string): HubFileUrl {
    return { url: this.endpoint + filePath(repository, commit, path), headers: this.#connection.headers() };
  }

  async checkAccess(
    listing: Pick<HubListing, 'repository' | 'commit'>,
    path: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const about = { repository: listing.repository, revision: listing.commit, signal };
    const target = filePath(listing.repository, listing.commit, path);
    return this.#explained(about, () => this.#connection.head(target, about));
  }

  answers(withinMs: number): Promise<boolean> {
    return this.#connection.answers(withinMs);
  }

  /** `GET /api/v1/models/{repo}/repo/files`: `_list_files_page` of modelscope_hub/_legacy_api.py. */
  #list(about: About): Promise<HubListing> {
    const { repository, revision = defaultRevision } = about;
    const wanted = new URLSearchParams({ Revision: revision, Recursive: 'True' });
    return this.#connection.json(`/api/v1/models/${repository}/repo/files?${wanted}`, about, (root) => {
      const entries = root.get('Data').get('Files');
      // A revision that is not there is no error for this hub, but a list that is null.
      if (entries.isAbsent) throw this.#refused({ kind: 'no-revision' }, about);
      const items = entries.items();
      if (items.length >= maxFiles)
        throw new UnavailableError('outbound_failed', `${title} lists only ${maxFiles} files of '${repository}'.`);
      return { repository, commit: commitOf(root.get('Data'), items) ?? revision, files: items.flatMap(readEntry) };
    });
  }

  /** `GET /openapi/v1/models/{repo}`: `get_model` of modelscope_hub/_openapi.py. */
  #model(about: About): Promise<HubModel | undefined> {
    return this.#connection.json(
      `/openapi/v1/models/${about.repository}`,
      about,
      (root) => readModel(root.get('data'))[0],
    );
  }

  async #readme(about: About): Promise<string> {
    try {
      const path = filePath(about.repository, about.revision ?? defaultRevision, 'README.md');
      return await this.#connection.text(path, about, maxCardBytes);
    } catch (error) {
      if (isAppError(error) && error.code === 'download_refused') return '';
      throw error;
    }
  }

  /** This hub says "not found" to whatever may not be read; its page of the model knows if that is for a licence. */
  async #explained<T>(about: About, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!isAppError(error) || error.code !== 'download_refused') throw error;
      const model = await this.#model(about).catch(() => undefined);
      throw model?.isGated === true
        ? this.#refused({ kind: 'gated', url: this.#pageOf(about.repository) }, about)
        : error;
    }
  }

  #refused(refusal: Refusal, about: About): AppError {
    return this.#connection.refusal(refusal, `/models/${about.repository}`, about);
  }

  readonly #pageOf = (repository = '') => `${this.endpoint}/models/${repository}`;
}

/** Newer paths read the bearer token, older ones the cookie: `_ensure_session_auth` of modelscope_hub/_legacy_api.py. */
const credentials = (token: string) => ({ authorization: `Bearer ${token}`, cookie: `m_session_id=${token}` });

/** `get_download_url` of modelscope_hub/_legacy_api.py; large files are redirected to a CDN. */
function filePath(repository: string, commit: string, path: string): string {
  checkRepository(repository);
  encodePath(path);
  return `/api/v1/models/${repository}/repo?${new URLSearchParams({ Revision: commit, FilePath: path })}`;
}

/** Fields of a model of `/openapi/v1`: `RepoInfo` of modelscope_hub/types.py. */
function readModel(model: Field): HubModel[] {
  const repository = model.get('id').string();
  if (!isRepository(repository)) return [];
  const tags = textsOf(model.get('tags'));
  const updatedAt = momentOf(model.get('last_modified'));
  const licence = label(model.get('license'));
  const task = textsOf(model.get('tasks'))[0];
  return [
    {
      repository,
      downloads: countOf(model.get('downloads')),
      likes: countOf(model.get('likes')),
      isGated: model.get('gated').value === true,
      hasGguf: tags.includes('library:gguf'),
      ...(updatedAt === undefined ? {} : { updatedAt }),
      ...(licence === undefined ? {} : { licence }),
      ...(task === undefined ? {} : { task }),
    },
  ];
}

function readEntry(entry: Field): HubFile[] {
  if (entry.get('Type').value !== 'blob') return [];
  return [decodeFile(entry.get('Path'), entry.get('Size'), entry.get('Sha256'))];
}

/**
 * The listing's commit: its `LatestCommitter` tells it whole or by its first eight digits, which the files that the
 * commit touched complete. Undocumented: public clients that pin commits read it so, and the hashes guard what it says.
 */
function commitOf(data: Field, entries: readonly Field[]): string | undefined {
  const latest = data.get('LatestCommitter');
  if (!isObject(latest.value)) return undefined;
  const { Id: id, ShortId: shortId } = latest.value;
  if (isCommit(id)) return id;
  if (typeof shortId !== 'string' || shortId.length < 8) return undefined;
  const revisions = entries.map((entry) => entry.get('Revision').value).filter(isCommit);
  return revisions.find((revision) => revision.startsWith(shortId));
}

const isCommit = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{40}$/.test(value);

const countOf = (field: Field) => field.optional((found) => found.integer(0)) ?? 0;

const textsOf = (field: Field) =>
  field.optional((texts) => texts.items().map((text) => text.string().slice(0, 200))) ?? [];

/**
 * Who may not read gets 404, and the `Code` in the body tells why: 10010205001 not there, 10010200001 no access,
 * 10990101004 no such revision (measured by gpustack/gpustack-operator, pkg/modelartifact/modelscope.go).
 */
function readRefusal(
  { status, headers, text }: HubAnswer,
  { repository, hasToken }: HubSubject & { readonly hasToken: boolean },
  page: string,
): Refusal | undefined {
  if (status < 400) return undefined;
  if (status === 429) return busyRefusal(headers);
  if (status === 401 && hasToken) return { kind: 'bad-token' };
  if (repository === undefined || ![401, 403, 404].includes(status)) return { kind: 'trouble', status };
  const code = codeOf(text);
  if (code === 10010200001) return { kind: 'closed', url: page };
  return { kind: code === 10990101004 ? 'no-revision' : 'no-repository' };
}

function codeOf(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? body['Code'] : undefined;
  } catch {
    return undefined;
  }
}
