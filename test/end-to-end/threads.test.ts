/** The engine's threads change while the model is at work: nothing breaks, and the numbers stay the same. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repository } from './running-server.ts';

/** After ten calm steps, each with two threads takes a second by a false clock: one goes, and comes back to try. */
const program = `
  import { openLibrary } from './dist/engines/embedded/library.js';
  import { createDecoder } from './dist/engines/embedded/native-decoder.js';
  import { openModel } from './dist/engines/embedded/native-model.js';
  const library = openLibrary(() => {});
  const model = await openModel(library, { path: './models/nano/aimindserve-nano.gguf' }, () => '');
  let nowMs = 0;
  let stepMs = 1;
  performance.now = () => (nowMs += stepMs);
  const resized = [];
  const { contextSetThreads } = library;
  library.contextSetThreads = (context, threads, many) => {
    resized.push(threads);
    contextSetThreads(context, threads, many);
  };
  const decoder = await createDecoder(library, model, { slots: 1, contextPerSlot: 256, threads: 2 });
  const seen = new Set();
  for (let step = 0; step < 500; step++) {
    stepMs = step > 10 && resized.at(-1) === 2 ? 1000 : 1;
    decoder.keep(0, 0);
    await decoder.decode([{ slot: 0, position: 0, tokens: [7], output: true }]);
    const logits = decoder.logits(0);
    seen.add(logits.indexOf(Math.max(...logits)));
  }
  console.log(JSON.stringify({ resized, best: [...seen] }));
`;

it('changes them without a crash', async () => {
  const options = { cwd: repository, timeout: 50_000 };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], options);
  const { resized, best } = JSON.parse(stdout);
  expect(resized).toEqual([2, 1, 2, 1, 2, 1, 2, 1]);
  expect(best).toHaveLength(1);
});
