/** The thread's side of `dry-render.ts`: compiles the template, learns its abilities, says what went wrong. */

import { parentPort, workerData } from 'node:worker_threads';
import { createChatTemplate } from '../template/chat-template.ts';
import type { DryRenderInput, DryRenderOutput } from './dry-render.ts';

function tryTemplate({ source, ...tokens }: DryRenderInput): DryRenderOutput {
  try {
    createChatTemplate(source, tokens);
    return {};
  } catch (thrown) {
    return { problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

parentPort?.postMessage(tryTemplate(workerData));
