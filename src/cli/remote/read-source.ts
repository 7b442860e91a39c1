/** Models as people name them: a text becomes the source it means, a source becomes a text. */

import { resolve } from 'node:path';
import { ConfigError, isAppError } from '../../base/errors.ts';
import type { ModelSource } from '../../fleet/model-source.ts';
import type { Item } from './item.ts';

/** The source that a person means; a path is taken from the folder the command runs in. */
export async function readSource(text: string, folder: string): Promise<ModelSource> {
  const { sourceOf } = await import('../../server/source-of.ts');
  try {
    const source = sourceOf(text, folder);
    // The server runs in another folder.
    return source.kind === 'local' ? { kind: 'local', path: resolve(folder, source.path) } : source;
  } catch (cause) {
    // A word on this command line is wrong; no server said so.
    throw isAppError(cause) ? new ConfigError('invalid_config', cause.message, { cause }) : cause;
  }
}

/** A source of the API in one line, as it is written for a command. */
export function sourceText(source: Item): string {
  const variant = source.text('file') || source.text('quantisation');
  const tail = variant === '' ? '' : `:${variant}`;
  switch (source.text('kind')) {
    case 'hub': {
      const prefix = { huggingface: 'hf:', modelscope: 'ms:' }[source.text('hub')] ?? '';
      return `${prefix}${source.text('repository')}${tail}`;
    }
    case 'catalogue':
      return source.text('name') + tail;
    case 'remote':
      return `${source.text('model')} at ${source.text('url')}`;
    default:
      return source.text('path') || source.text('url') || source.text('kind');
  }
}
