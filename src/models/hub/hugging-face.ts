/** Hugging Face's REST API, and that of its mirrors. */

import type { Field } from '../../base/decode.ts';
import { isAppError, UnavailableError } from '../../base/errors.ts';
import { maxCardBytes, splitCard } from './card-text.ts';
import type { Hub, HubCard, HubFile, HubFileUrl, HubListing, HubModel, HubPage, HubQuery } from './hub.ts';
import { type HubAnswer, HubConnection, type HubParts, type HubSubject } from './hub-connection.ts';
import {
  checkRepository,
  checkSearch,
  decodeFile,
  encodePath,
  isRepository,
  label,
  momentOf,
  tagValue,
} from './hub-decode.ts';
import { busyRefusal, type Refusal } from './hub-refusal.ts';

/** A repository's state at one commit. */
interface RepositoryState {
  readonly commit: string;
  readonly isGated: boolean;
  readonly tags: readonly string[];
}

const title = 'Hugging Face';
/** More pages than this (of 1,000 files each) are no model's. */
const maxTreePages = 50;
/** Where licences are accepted; mirrors have no such page. */
const licencePage = (repository: string) => `https://huggingface.co/${repository}`;

/** `ModelSort_T`, huggingface_hub/hf_api.py, in the spelling that @huggingface/hub's lib/list-models.ts sends. */
const sorts = { trending: 'trendingScore', likes: 'likes', downloads: 'downloads', updated: 'lastModified' } as const;
/** The fields of a search (same file); asking for `full` would bring every file of every repository. */
const searchFields = ['downloads', 'likes', 'lastModified', 'gated', 'pipeline_tag', 'tags'];

/** A hub that speaks Hugging Face's API. */
export function createHuggingFace(parts: HubParts): Hub {
  return new HuggingFace(parts);
}

class HuggingFace implements Hub {
  readonly kind = 'huggingface';
  readonly title = title;
  readonly endpoint: string;
  readonly #connection: HubConnection;

  constructor(parts: HubParts) {
    this.endpoint = parts.endpoint;
    const credentials = (token: string) => ({ authorization: `Bearer ${token}` });
    this.#connection = new HubConnection(parts, { title, credentials, refusal: readRefusal });
  }

  /** `GET /api/models`; the next page's cursor stands in the Link header: https://huggingface.co/docs/hub/api. */
  async search(query: HubQuery, signal?: AbortSignal): Promise<HubPage> {
    checkSearch(query);
    const wanted = new URLSearchParams({ sort: sorts[query.sort], limit: String(query.limit) });
    if (query.text !== '') wanted.set('search', query.text);
    if (query.gguf) wanted.set('filter', 'gguf');
    if (query.page !== undefined) wanted.set('cursor', query.page);
    for (const field of searchFields) wanted.append('expand', field);
    return this.#connection.json(`/api/models?${wanted}`, { signal }, (root, answer) => {
      const models = root.items().flatMap(readModel);
      const nextPage = nextCursor(answer);
      return nextPage === undefined ? { models } : { models, nextPage };
    });
  }

  async files(repository: string, revision?: string, signal?: AbortSignal): Promise<HubListing> {
    const { commit } = await this.#state({ repository, revision, signal });
    const files: HubFile[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < maxTreePages; page++) {
      const part = await this.#tree({ repository, signal }, commit, cursor);
      files.push(...part.files);
      cursor = part.next;
      if (cursor === undefined) return { repository, commit, files };
    }
    throw new UnavailableError('outbound_failed', `${title} lists more files of '${repository}' than a model has.`);
  }

  async card(repository: string, revision?: string, signal?: AbortSignal): Promise<HubCard> {
    const { commit, isGated, tags } = await this.#state({ repository, revision, signal });
    const card = splitCard(await this.#readme({ repository, signal }, commit));
    const licence = card.licence ?? tagValue(tags, 'license:');
    // Tags also tell how it was made: `base_model:quantized:owner/name`.
    const baseModel = card.baseModel ?? tagValue(tags, 'base_model:')?.replace(/^[a-z]+:/, '');
    return {
      markdown: card.markdown,
      ...(licence === undefined ? {} : { licence }),
      ...(baseModel === undefined ? {} : { baseModel }),
      ...(isGated ? { gatedUrl: licencePage(repository) } : {}),
    };
  }

  /** `/{repo}/resolve/{revision}/{path}`, `HUGGINGFACE_CO_URL_TEMPLATE` of huggingface_hub/constants.py. */
  fileUrl(repository: string, commit: string, path: string): HubFileUrl {
    return { url: this.endpoint + filePath(repository, commit, path), headers: this.#connection.headers() };
  }

  async checkAccess(
    listing: Pick<HubListing, 'repository' | 'commit'>,
    path: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const { repository, commit } = listing;
    await this.#connection.head(filePath(repository, commit, path), { repository, revision: commit, signal });
  }

  answers(withinMs: number): Promise<boolean> {
    return this.#connection.answers(withinMs);
  }

  /** `GET /api/models/{repo}[/revision/{revision}]`: lib/model-info.ts of @huggingface/hub. */
  #state(subject: HubSubject & { readonly repository: string }): Promise<RepositoryState> {
    checkRepository(subject.repository);
    const suffix = subject.revision === undefined ? '' : `/revision/${encodeURIComponent(subject.revision)}`;
    return this.#connection.json(`/api/models/${subject.repository}${suffix}`, subject, (root) => {
      const commit = root.get('sha').string();
      if (!/^[0-9a-f]{40,64}$/.test(commit)) throw root.get('sha').invalid('must be a commit');
      return { commit, isGated: isGated(root.get('gated')), tags: readTags(root) };
    });
  }

  /** `GET /api/models/{repo}/tree/{revision}`: `ApiIndexTreeEntry` of @huggingface/hub; `lfs.oid` is the SHA-256. */
  #tree(
    subject: HubSubject & { readonly repository: string },
    commit: string,
    cursor: string | undefined,
  ): Promise<{ files: HubFile[]; next: string | undefined }> {
    const wanted = new URLSearchParams({ recursive: 'true', ...(cursor === undefined ? {} : { cursor }) });
    const path = `/api/models/${subject.repository}/tree/${commit}?${wanted}`;
    return this.#connection.json(path, subject, (root, answer) => ({
      files: root.items().flatMap(readEntry),
      next: nextCursor(answer),
    }));
  }

  async #readme(subject: HubSubject & { readonly repository: string }, commit: string): Promise<string> {
    try {
      return await this.#connection.text(`/${subject.repository}/raw/${commit}/README.md`, subject, maxCardBytes);
    } catch (error) {
      if (isAppError(error) && error.code === 'download_refused') return '';
      throw error;
    }
  }
}

function filePath(repository: string, commit: string, path: string): string {
  checkRepository(repository);
  return `/${repository}/resolve/${encodeURIComponent(commit)}/${encodePath(path)}`;
}

function readModel(model: Field): HubModel[] {
  const repository = model.get('id').string();
  if (!isRepository(repository)) return [];
  const tags = readTags(model);
  const updatedAt = momentOf(model.get('lastModified'));
  const licence = tagValue(tags, 'license:');
  const task = label(model.get('pipeline_tag'));
  return [
    {
      repository,
      downloads: countOf(model.get('downloads')),
      likes: countOf(model.get('likes')),
      isGated: isGated(model.get('gated')),
      hasGguf: tags.includes('gguf'),
      ...(updatedAt === undefined ? {} : { updatedAt }),
      ...(licence === undefined ? {} : { licence }),
      ...(task === undefined ? {} : { task }),
    },
  ];
}

function readEntry(entry: Field): HubFile[] {
  if (entry.get('type').string() !== 'file') return [];
  const lfs = entry.get('lfs');
  if (lfs.isAbsent) return [decodeFile(entry.get('path'), entry.get('size'))];
  return [decodeFile(entry.get('path'), lfs.get('size'), lfs.get('oid'))];
}

/** `false`, `"auto"` or `"manual"`: types/api/api-model.ts of @huggingface/hub. */
const isGated = (field: Field) => !field.isAbsent && field.value !== false;

const countOf = (field: Field) => field.optional((found) => found.integer(0)) ?? 0;

const readTags = (field: Field) =>
  field.get('tags').optional((tags) => tags.items().map((tag) => tag.string().slice(0, 200))) ?? [];

/** Only the cursor of the Link header is used, never its address: utils/parseLinkHeader.ts of @huggingface/hub. */
function nextCursor(answer: HubAnswer): string | undefined {
  const target = /<([^<>]{1,4096})>\s*;\s*rel="?next"?/.exec(answer.headers['link'] ?? '')?.[1];
  const cursor = target === undefined || !URL.canParse(target) ? null : new URL(target).searchParams.get('cursor');
  return cursor ?? undefined;
}

/** `X-Error-Code` says more than the status: `hf_raise_for_status` of huggingface_hub/utils/_http.py. */
function readRefusal({ status, headers }: HubAnswer, { repository }: HubSubject): Refusal | undefined {
  if (status < 400) return undefined;
  if (status === 429) return busyRefusal(headers);
  if (status >= 500) return { kind: 'trouble', status };
  const code = headers['x-error-code'];
  if (code === 'GatedRepo') return { kind: 'gated', url: licencePage(repository ?? '') };
  if (code === 'RevisionNotFound') return { kind: 'no-revision' };
  if (code === 'EntryNotFound') return { kind: 'no-file' };
  if (headers['x-error-message'] === 'Invalid credentials in Authorization header') return { kind: 'bad-token' };
  // A private repository and none at all are told apart for nobody without a token: 401 for both.
  if (repository !== undefined && [401, 403, 404].includes(status)) return { kind: 'no-repository' };
  return { kind: 'trouble', status };
}
