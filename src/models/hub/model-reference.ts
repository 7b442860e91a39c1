/** What a person writes for a model, as the source that it means. */

import { RequestError } from '../../base/errors.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import { isRepository } from './hub-decode.ts';

type HubSource = Extract<ModelSource, { kind: 'hub' }>;
type HubChoice = HubSource['hub'];

const prefixes: ReadonlyArray<readonly [string, HubChoice]> = [
  ['hf:', 'huggingface'],
  ['ms:', 'modelscope'],
  ['hf.co/', 'huggingface'],
  ['huggingface.co/', 'huggingface'],
  ['modelscope.cn/models/', 'modelscope'],
];
const pages: ReadonlyArray<readonly [RegExp, HubChoice]> = [
  [/^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/(.*)$/i, 'huggingface'],
  [/^https?:\/\/(?:www\.)?modelscope\.(?:cn|ai)\/models\/(.*)$/i, 'modelscope'],
];
const right =
  'A model is a path (./model.gguf), a repository of a hub (Qwen/Qwen3-8B-GGUF, with :Q4_K_M for a variant and @revision, ' +
  "hf: or ms: before it for one hub), a file's address (https://…/model.gguf), or a name of the catalogue.";

/** The source that `text` means; a path that exists goes before a repository of the same spelling. Throws RequestError with what would be right. */
export function parseModelReference(text: string, exists: (path: string) => boolean): ModelSource {
  const wanted = text.trim();
  if (wanted === '' || wanted.length > 4_096 || /\p{Cc}/u.test(wanted)) throw wrong(text, 'it is no name');
  if (wanted === 'bundled') return { kind: 'bundled' };
  if (/^[a-z][a-z0-9+-]*:\/\//i.test(wanted)) return parseAddress(wanted);
  for (const [prefix, hub] of prefixes)
    if (wanted.toLowerCase().startsWith(prefix)) return parseHub(wanted.slice(prefix.length), hub, text);
  if (isPath(wanted) || exists(wanted)) return { kind: 'local', path: wanted };
  if (wanted.includes('/')) return parseHub(wanted, 'auto', text);
  return parseCatalogue(wanted);
}

/** Paths that can be nothing else. */
const isPath = (text: string) => /^(?:[./\\~]|[a-z]:[\\/])/i.test(text) || /^[^:]*\.gguf$/i.test(text);

const notGguf =
  "it is no address of a GGUF file. A model on a server of OpenAI's protocol is named: aimindserve deploy ADDRESS --remote-model NAME";

function parseAddress(text: string): ModelSource {
  if (!/^https?:/i.test(text) || !URL.canParse(text))
    throw wrong(text, 'only http:// and https:// addresses are fetched');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw wrong(url.host, 'an address must not hold a password');
  for (const [page, hub] of pages) {
    const rest = page.exec(url.origin + url.pathname)?.[1];
    if (rest !== undefined) return parsePage(rest.replace(/\/+$/, ''), hub, url.origin + url.pathname);
  }
  if (!/\.gguf$/i.test(url.pathname)) throw wrong(url.origin + url.pathname, notGguf);
  return { kind: 'url', url: url.href };
}

/** The address of a repository's page on a hub, or of a file there, as copied from a browser. */
function parsePage(rest: string, hub: HubChoice, text: string): ModelSource {
  const [owner = '', name = '', view, revision, ...path] = rest.split('/').map(decodePart);
  const source = parseHub(`${owner}/${name}`, hub, text);
  if (view === undefined || view === 'summary' || view === 'files') return source;
  if (!['tree', 'blob', 'resolve', 'raw'].includes(view) || revision === undefined)
    throw wrong(text, 'it is no page of a model');
  if (view === 'tree' || path.length === 0) return { ...source, revision };
  if (!/\.gguf$/i.test(path.join('/'))) throw wrong(text, 'the file is no GGUF');
  return { ...source, revision, file: path.join('/') };
}

/** `owner/name`, then `@revision` and `:variant` in either order; a variant is a quantisation or a file's path. */
function parseHub(rest: string, hub: HubChoice, text: string): HubSource {
  const end = rest.search(/[@:]/);
  const repository = end === -1 ? rest : rest.slice(0, end);
  if (!isRepository(repository)) throw wrong(text, `'${repository}' is not owner/name`);
  const tail = end === -1 ? '' : rest.slice(end);
  const parts = /^(?:@([^@:]+))?(?::([^@:]+))?(?:@([^@:]+))?$/.exec(tail);
  if (parts === null || (parts[1] !== undefined && parts[3] !== undefined))
    throw wrong(text, `'${tail}' is not :variant, @revision or both`);
  const revision = parts[1] ?? parts[3];
  const variant = parts[2];
  if ((revision?.length ?? 0) > 200) throw wrong(text, 'the revision is too long');
  return { kind: 'hub', hub, repository, ...(revision === undefined ? {} : { revision }), ...variantOf(variant, text) };
}

function variantOf(variant: string | undefined, text: string): Pick<HubSource, 'file' | 'quantisation'> {
  if (variant === undefined) return {};
  if (/\.gguf$/i.test(variant)) return { file: variant };
  if (!/^[\w.-]{1,40}$/.test(variant)) throw wrong(text, `'${variant}' is neither a quantisation nor a GGUF file`);
  return { quantisation: variant };
}

function parseCatalogue(text: string): ModelSource {
  const parts = /^([\w][\w. +-]{0,199})(?::([\w.-]{1,40}))?$/.exec(text);
  if (parts?.[1] === undefined) throw wrong(text, 'it is no name of the catalogue');
  return { kind: 'catalogue', name: parts[1], ...(parts[2] === undefined ? {} : { quantisation: parts[2] }) };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const wrong = (text: string, why: string) =>
  new RequestError('invalid_value', `'${text.slice(0, 200)}' names no model: ${why}. ${right}`, { param: 'source' });
