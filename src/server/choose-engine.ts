/** Which engine runs a deployment here. */

import { RequestError } from '../base/errors.ts';
import { embeddedEngine } from '../engines/embedded/embedded.ts';
import { type Engines, type EngineWish, keyOfEngine } from '../operating/engines.ts';

/** `llama-box` is llama.cpp by whichever program there is; here that is the embedded one. */
export const engines: Engines = {
  kind: choose,
  choose,
  find: (key) => (key === keyOfEngine(embeddedEngine) ? embeddedEngine : undefined),
};

function choose({ backend }: EngineWish) {
  if (backend !== 'vllm' && backend !== 'openai') return embeddedEngine;
  const message = `This version runs models with 'embedded' and 'llama-box'; '${backend}' comes later.`;
  throw new RequestError('unsupported_field', message, { param: 'backend' });
}
