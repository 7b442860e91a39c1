/** Models that other servers serve: nothing lies here, and little is known of them before they are asked. */

import { RequestError } from '../../base/errors.ts';
import { describeSource, type ModelSource } from '../../fleet/model-source.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { SourceShelf } from './model-shelf.ts';

/** What stands in the place of a model's facts. */
export const remoteShelf: SourceShelf = {
  take: async (source) => remoteSpec(source),
  peek: (source) => (source.kind === 'remote' ? remoteSpec(source) : undefined),
};

function remoteSpec(source: ModelSource): ModelSpec {
  if (source.kind !== 'remote') {
    const message = `The backend 'openai' asks a remote server; '${describeSource(source)}' is a model to be run here.`;
    throw new RequestError('invalid_value', message, { param: 'source.kind' });
  }
  return {
    name: source.model,
    architecture: 'remote',
    files: [],
    trainedContext: 0,
    vocabularySize: 0,
    bosToken: '',
    eosToken: '',
    specialTokens: [],
    sampling: {},
    sizeBytes: 0,
    kvBytesPerToken: 0,
  };
}
