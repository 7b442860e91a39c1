/** What is known of models that are not loaded now, so that lists can tell of them too. */

import type { Deployment } from '../fleet/deployment.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { ModelShelf } from './model-shelf.ts';
import { keyOfSource } from './own-files.ts';

/** Reads the header of a model that is on this machine once. */
export class KnownModels {
  readonly #bySource = new Map<string, ModelSpec>();
  readonly #shelf: Pick<ModelShelf, 'peek'>;

  constructor(shelf: Pick<ModelShelf, 'peek'>) {
    this.#shelf = shelf;
  }

  /** Absent = its files are not here, or cannot be read. */
  of({ source }: Pick<Deployment, 'source'>): ModelSpec | undefined {
    const key = keyOfSource(source);
    const known = this.#bySource.get(key) ?? this.#read(source);
    if (known !== undefined) this.#bySource.set(key, known);
    return known;
  }

  #read(source: Deployment['source']): ModelSpec | undefined {
    try {
      return this.#shelf.peek(source);
    } catch {
      // Why it cannot be read is told when it is started.
      return undefined;
    }
  }
}
