/** Models as people name them: a text becomes the source it means, a source becomes a text. */

import type { ModelSource } from '../../fleet/model-source.ts';
import type { Item } from './item.ts';

/** The source that a person means; a path is taken from the folder the command runs in. */
export async function readSource(text: string, folder: string): Promise<ModelSource> {
  const { sourceOf } = await import('../../server/model-tools.ts');
  return sourceOf(text, folder);
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
    default:
      return source.text('path') || source.text('url') || source.text('kind');
  }
}
