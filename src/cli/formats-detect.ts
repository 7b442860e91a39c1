/** `aimindserve formats detect`: which format a model or template speaks, and what speaks for it. */

import { resolve } from 'node:path';
import type { Candidate } from '../formats/detect.ts';
import type { TemplateVerdict } from '../formats/detect-template.ts';
import { explainFormat } from '../server/model-tools.ts';
import { dataFolderOf, type Surroundings } from './prepare-server.ts';

/** Explains; the result is the exit code. */
export async function detectFormatOf(path: string, { environment, folder, say }: Surroundings): Promise<number> {
  say(explanation(await explainFormat(resolve(folder, path), dataFolderOf(environment))));
  return 0;
}

/** The verdict in a few lines. */
export function explanation(found: TemplateVerdict): string {
  const { format, detection } = found;
  const [best, ...rest] = detection.candidates;
  const reasons = found.verdict === 'inferred' || best === undefined ? [] : best.evidence;
  const lines = [
    ...reasons.map((reason) => `  because    ${reason}`),
    ...rest.slice(0, 3).map((other, index) => `  ${index === 0 ? 'runner-up ' : '          '} ${runnerUp(other)}`),
    ...(found.reason === undefined ? [] : [`  and        no format could be inferred: ${found.reason}`]),
  ];
  return [
    `${format.name}: ${summary(found)}`,
    ...(lines.length === 0 ? [] : ['', ...lines]),
    '',
    'A call:',
    '',
    ...format.example.split('\n').map((line) => `  ${line}`),
  ].join('\n');
}

function summary({ verdict, detection }: TemplateVerdict): string {
  if (verdict === 'inferred') return 'no known format fits; this one was read off the calls that the template writes';
  const sure = `score ${detection.score}, ${detection.margin} ahead of the next`;
  return verdict === 'detected'
    ? `detected, ${sure}`
    : `taught in the prompt, as the template writes no calls (${sure})`;
}

function runnerUp({ format, score, evidence }: Candidate): string {
  return `${format.name}, score ${score}: ${evidence.join(', ')}`;
}
