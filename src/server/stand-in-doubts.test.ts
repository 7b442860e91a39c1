import { expect, it } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import type { EngineName } from '../engines/engine.ts';
import type { Deployment } from '../fleet/deployment.ts';
import { standInDoubts } from './stand-in-doubts.ts';

it.each<[Deployment['backend'], EngineName, number]>([
  ['llama-box', 'embedded', 1],
  ['llama-box', 'llama-box', 0],
  ['auto', 'embedded', 0],
  ['embedded', 'embedded', 0],
])('a wish for %s that gets %s has %i doubts', (backend, name, count) => {
  expect(standInDoubts(aDeployment({ backend }), { kind: () => ({ name }) })).toHaveLength(count);
});
