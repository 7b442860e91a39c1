/** Which engine runs a deployment here. */

import { RequestError } from '../base/errors.ts';
import { embeddedEngine } from '../engines/embedded/embedded.ts';
import type { Engine } from '../engines/engine.ts';
import { describeSource } from '../fleet/model-source.ts';
import { type Engines, type EngineWish, keyOfEngine } from '../operating/engines.ts';

/** `llama-box` is llama.cpp by whichever program there is; here that is the embedded one. `openai` asks remote servers. */
export function createEngines({ openai }: { readonly openai: Engine }): Engines {
  const choose = ({ backend, source }: EngineWish): Engine => {
    const isRemote = source.kind === 'remote';
    if (isRemote && (backend === 'auto' || backend === 'openai')) return openai;
    if (isRemote) throw refused(`The model is on a remote server: 'openai' asks it, not '${backend}'.`);
    if (backend === 'openai')
      throw refused(`The backend 'openai' asks remote servers; '${describeSource(source)}' is to be run here.`);
    if (backend !== 'vllm') return embeddedEngine;
    const message = `This version runs models with 'embedded' and 'llama-box'; '${backend}' comes later.`;
    throw new RequestError('unsupported_field', message, { param: 'backend' });
  };
  return {
    kind: choose,
    choose,
    find: (key) => [embeddedEngine, openai].find((engine) => keyOfEngine(engine) === key),
  };
}

function refused(message: string): RequestError {
  return new RequestError('invalid_value', message, { param: 'backend' });
}
