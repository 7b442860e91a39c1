/** A hub of models: what every one of them can be asked, whichever it is. */

/** The hubs there are. */
export type HubKind = 'huggingface' | 'modelscope';

/** What comes first in a search. */
export type HubSort = 'trending' | 'likes' | 'downloads' | 'updated';

/** A search; `page` is the `nextPage` of the page before. */
export interface HubQuery {
  readonly text: string;
  /** Only repositories that hold GGUF files. */
  readonly gguf: boolean;
  readonly sort: HubSort;
  /** At most 50. */
  readonly limit: number;
  readonly page?: string;
}

/** One repository in a search; what the hub does not say is absent. */
export interface HubModel {
  /** `owner/name`. */
  readonly repository: string;
  readonly downloads: number;
  readonly likes: number;
  /** Unix seconds. */
  readonly updatedAt?: number;
  /** Its licence must be accepted on the hub before files can be had. */
  readonly isGated: boolean;
  readonly hasGguf: boolean;
  readonly licence?: string;
  readonly task?: string;
}

/** A part of a search's answer; no `nextPage` = the last one. */
export interface HubPage {
  readonly models: readonly HubModel[];
  readonly nextPage?: string;
}

/** A file of a repository. */
export interface HubFile {
  /** Relative to the repository, with `/`; never leads out of it. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hexadecimal; absent for small text files of some hubs. */
  readonly sha256?: string;
}

/** All files of a repository at one commit, so that what is downloaded belongs together. */
export interface HubListing {
  readonly repository: string;
  /** Where a hub names no commit, the branch's name: the files' hashes tell if it moved. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** What a repository says about itself. */
export interface HubCard {
  /** The README without its front matter; cut after 256 KiB, empty where there is none or it may not be read. */
  readonly markdown: string;
  readonly licence?: string;
  /** The model this one was made from. */
  readonly baseModel?: string;
  /** Where the licence is accepted; only for gated repositories. */
  readonly gatedUrl?: string;
}

/** Where a file's bytes are, and the headers that the request needs (a token among them: never to be logged). */
export interface HubFileUrl {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A hub that can be asked; failures name the hub, the repository and what to do. */
export interface Hub {
  readonly kind: HubKind;
  /** For people, e.g. `Hugging Face`. */
  readonly title: string;
  /** Where it is asked, e.g. `https://huggingface.co`. */
  readonly endpoint: string;
  search(query: HubQuery, signal?: AbortSignal): Promise<HubPage>;
  /** `revision` is a branch, tag or commit; absent = the hub's default branch. */
  files(repository: string, revision?: string, signal?: AbortSignal): Promise<HubListing>;
  card(repository: string, revision?: string, signal?: AbortSignal): Promise<HubCard>;
  fileUrl(repository: string, commit: string, path: string): HubFileUrl;
  /** Throws what the hub would refuse a download of this file with; asks for no bytes of it. */
  checkAccess(listing: Pick<HubListing, 'repository' | 'commit'>, path: string, signal?: AbortSignal): Promise<void>;
  /** Does it answer at all, whatever the answer, within this time? */
  answers(withinMs: number): Promise<boolean>;
}
