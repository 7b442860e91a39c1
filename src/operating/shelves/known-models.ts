/** What is known of models that are not loaded now, so that lists can tell of them too. */

import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { EngineWish } from '../engines.ts';
import { keyOfSource } from './own-files.ts';

/** Reads the header of a model that is on this machine once. */
export class KnownModels {
  readonly #bySource = new Map<string, ModelSpec>();
  readonly #peek: (deployment: EngineWish) => ModelSpec | undefined;

  constructor(peek: (deployment: EngineWish) => ModelSpec | undefined) {
    this.#peek = peek;
  }

  /** Absent = its files are not here, or cannot be read. */
  of(deployment: EngineWish): ModelSpec | undefined {
    const key = `${deployment.backend} ${keyOfSource(deployment.source)}`;
    const known = this.#bySource.get(key) ?? this.#read(deployment);
    if (known !== undefined) this.#bySource.set(key, known);
    return known;
  }

  #read(deployment: EngineWish): ModelSpec | undefined {
    try {
      return this.#peek(deployment);
    } catch {
      // Why it cannot be read is told when it is started.
      return undefined;
    }
  }
}
