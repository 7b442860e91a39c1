/** The registry: the only place that knows every format. */

import { nano } from './bespoke/nano.ts';
import { apertus } from './catalog/apertus.ts';
import { commandA } from './catalog/command-a.ts';
import { functionaryV32 } from './catalog/functionary-v3.2.ts';
import { hermes } from './catalog/hermes.ts';
import { jamba } from './catalog/jamba.ts';
import { kimiK2 } from './catalog/kimi-k2.ts';
import { llama3Json } from './catalog/llama-3-json.ts';
import { mistralV3 } from './catalog/mistral-v3.ts';
import { mistralV11 } from './catalog/mistral-v11.ts';
import type { ToolFormat } from './format.ts';
import { react } from './prompted/react.ts';

/** Every format, native ones first; each bespoke, catalogue and prompted file has its line here. */
export const allFormats: readonly [ToolFormat, ...ToolFormat[]] = [
  // bespoke
  nano,
  // catalogue
  apertus,
  commandA,
  functionaryV32,
  hermes,
  jamba,
  kimiK2,
  llama3Json,
  mistralV11,
  mistralV3,
  // prompted
  react,
];

/** Names that other servers have for our formats. */
const aliases: Readonly<Record<string, string>> = {
  qwen: 'hermes',
  qwen25: 'hermes',
  'qwen2.5': 'hermes',
  'qwen-2.5': 'hermes',
  qwen3: 'hermes',
};

/** The format of this name, in our spelling or in vLLM's or SGLang's. */
export function findFormat(name: string): ToolFormat | undefined {
  const wanted = name.toLowerCase();
  const own = Object.hasOwn(aliases, wanted) ? aliases[wanted] : wanted;
  return allFormats.find((format) => format.name === own);
}
