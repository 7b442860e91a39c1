/** Reading what hubs write: files, labels and moments, none of them believed. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import type { HubFile, HubQuery } from './hub.ts';

/** A file of a listing; refuses sizes, hashes and paths that cannot be right. */
export function decodeFile(path: Field, size: Field, sha256?: Field): HubFile {
  const text = path.string();
  if (leadsOut(text)) throw path.invalid('must stay within the repository');
  const sizeBytes = size.integer(0, Number.MAX_SAFE_INTEGER);
  const hash = sha256?.optional((field) => field.string().toLowerCase()) ?? '';
  if (hash === '') return { path: text, sizeBytes };
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new RequestError('invalid_value', `the hash of '${text}' is no SHA-256`);
  return { path: text, sizeBytes, sha256: hash };
}

/** Refuses a search that no hub would answer. */
export function checkSearch(query: HubQuery): void {
  const isFine = Number.isInteger(query.limit) && query.limit >= 1 && query.limit <= 50 && query.text.length <= 200;
  if (isFine) return;
  throw new RequestError('invalid_value', 'A search has at most 200 characters and asks for 1 to 50 models.');
}

/** A file's path as a part of an address. */
export function encodePath(path: string): string {
  if (leadsOut(path)) throw new RequestError('invalid_value', `'${path}' is no path within a repository.`);
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Refuses anything but `owner/name`, before it becomes a part of an address. */
export function checkRepository(repository: string): void {
  if (isRepository(repository)) return;
  throw new RequestError('invalid_value', `A repository is written owner/name; '${repository}' is not.`, {
    param: 'repository',
  });
}

/** Is this `owner/name`? */
export function isRepository(text: string): boolean {
  return text.length <= 200 && /^[\w.-]+\/[\w.-]+$/.test(text) && !text.split('/').some((part) => /^\.+$/.test(part));
}

/** Text from a hub for a list: one line, not long. */
export function label(field: Field): string | undefined {
  const text = field.optional((found) => found.string());
  return text === undefined || text === '' ? undefined : text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200);
}

/** A moment as Unix seconds; absent when it is no date. */
export function momentOf(field: Field): number | undefined {
  const moment = Date.parse(field.optional((found) => found.string()) ?? '');
  return Number.isFinite(moment) ? Math.floor(moment / 1000) : undefined;
}

/** The value of the first tag with this prefix, e.g. `license:`. */
export function tagValue(tags: readonly string[], prefix: string): string | undefined {
  return tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
}

function leadsOut(path: string): boolean {
  if (path === '' || path.length > 1_024 || /[\\\p{Cc}]/u.test(path)) return true;
  return path.split('/').some((part) => part === '' || part === '.' || part === '..');
}
