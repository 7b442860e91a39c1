/** What commands ask of models and formats without a running server. */

import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { ModelSource } from '../fleet/model-source.ts';
import type { TemplateVerdict } from '../formats/detect-template.ts';
import { allFormats } from '../formats/formats.ts';
import type { CustomFormat } from '../formats/load-format.ts';
import { parseModelReference } from '../models/hub/model-reference.ts';
import { judgeTemplate } from '../operating/judge-template.ts';
import { loadFormatFile, loadFormatsFrom } from '../operating/load-formats.ts';

/** The source that a person means: a path that exists, a hub's repository, an address, a name of the catalogue. */
export function sourceOf(text: string, folder: string): ModelSource {
  const exists = (path: string) => existsSync(resolve(folder, path));
  // What can only be a path is one even if nothing is there: the message about it then says where was looked.
  const isPathOnly = /^[^:@]*\/[^:@]*\//.test(text) && !/^[a-z]+:/i.test(text);
  const source: ModelSource = isPathOnly ? { kind: 'local', path: text } : parseModelReference(text, exists);
  return source.kind === 'local'
    ? { kind: 'local', path: exists(source.path) ? resolve(folder, source.path) : source.path }
    : source;
}

/** The tool formats kept on this machine, and the one in a file that was asked for. */
export function customFormats(dataFolder: string, wanted?: string): readonly CustomFormat[] {
  const named = wanted !== undefined && isAbsolute(wanted) ? [loadFormatFile(wanted)] : [];
  return [...named, ...loadFormatsFrom(join(dataFolder, 'formats'))];
}

/** Which tool format a template file or a model speaks, and why. */
export function explainFormat(path: string, dataFolder: string): Promise<TemplateVerdict> {
  const custom = customFormats(dataFolder).map(({ format }) => format);
  const [first = allFormats[0], ...others] = [...custom, ...allFormats];
  return judgeTemplate(path, [first, ...others]);
}
