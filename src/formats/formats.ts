/** The registry: the only place that knows every format. */

import { nano } from './bespoke/nano.ts';
import { apertus } from './catalog/apertus.ts';
import { apriel } from './catalog/apriel.ts';
import { commandA } from './catalog/command-a.ts';
import { commandAPlus } from './catalog/command-a-plus.ts';
import { commandR } from './catalog/command-r.ts';
import { deepseekV3 } from './catalog/deepseek-v3.ts';
import { deepseekV31 } from './catalog/deepseek-v3-1.ts';
import { deepseekV32 } from './catalog/deepseek-v3-2.ts';
import { deepseekV4 } from './catalog/deepseek-v4.ts';
import { dots } from './catalog/dots.ts';
import { ernie45 } from './catalog/ernie-4-5.ts';
import { firefunctionV2 } from './catalog/firefunction-v2.ts';
import { functionaryV32 } from './catalog/functionary-v3-2.ts';
import { functiongemma } from './catalog/functiongemma.ts';
import { gemma4 } from './catalog/gemma-4.ts';
import { gigachat3 } from './catalog/gigachat-3.ts';
import { gigachat31 } from './catalog/gigachat-3-1.ts';
import { gigachat35 } from './catalog/gigachat-3-5.ts';
import { glm45 } from './catalog/glm-4-5.ts';
import { glm47 } from './catalog/glm-4-7.ts';
import { granite3 } from './catalog/granite-3.ts';
import { granite31 } from './catalog/granite-3-1.ts';
import { granite4 } from './catalog/granite-4.ts';
import { granite20b } from './catalog/granite-20b.ts';
import { harmony } from './catalog/harmony.ts';
import { hermes } from './catalog/hermes.ts';
import { hunyuanA13b } from './catalog/hunyuan-a13b.ts';
import { hy3 } from './catalog/hy-3.ts';
import { hy3Opensource } from './catalog/hy-3-opensource.ts';
import { inkling } from './catalog/inkling.ts';
import { internlm25 } from './catalog/internlm-2-5.ts';
import { jamba } from './catalog/jamba.ts';
import { k2Horizon } from './catalog/k2-horizon.ts';
import { kimiK2 } from './catalog/kimi-k2.ts';
import { kimiK3 } from './catalog/kimi-k3.ts';
import { lfm2 } from './catalog/lfm-2.ts';
import { lfm25 } from './catalog/lfm-2-5.ts';
import { ling3 } from './catalog/ling-3.ts';
import { llama3Builtin } from './catalog/llama-3-builtin.ts';
import { llama3Json } from './catalog/llama-3-json.ts';
import { llama3User } from './catalog/llama-3-user.ts';
import { llama4Pythonic } from './catalog/llama-4-pythonic.ts';
import { longcat } from './catalog/longcat.ts';
import { minicpm5 } from './catalog/minicpm-5.ts';
import { minimaxM1 } from './catalog/minimax-m1.ts';
import { minimaxM2 } from './catalog/minimax-m2.ts';
import { minimaxM3 } from './catalog/minimax-m3.ts';
import { mirothinker } from './catalog/mirothinker.ts';
import { mistralSmall32 } from './catalog/mistral-small-3-2.ts';
import { mistralV3 } from './catalog/mistral-v3.ts';
import { mistralV11 } from './catalog/mistral-v11.ts';
import { muse } from './catalog/muse.ts';
import { nemotronNano2 } from './catalog/nemotron-nano-2.ts';
import { olmo3 } from './catalog/olmo-3.ts';
import { phi4Mini } from './catalog/phi-4-mini.ts';
import { poolsideV1 } from './catalog/poolside-v1.ts';
import { pythonic } from './catalog/pythonic.ts';
import { qwen3Coder } from './catalog/qwen-3-coder.ts';
import { seedOss } from './catalog/seed-oss.ts';
import { solarOpen2 } from './catalog/solar-open-2.ts';
import { spark25 } from './catalog/spark-2-5.ts';
import { step3 } from './catalog/step-3.ts';
import { step35 } from './catalog/step-3-5.ts';
import { trinity } from './catalog/trinity.ts';
import { xlam } from './catalog/xlam.ts';
import type { ToolFormat } from './format.ts';
import { functionTags } from './prompted/function-tags.ts';
import { invokeTags } from './prompted/invoke-tags.ts';
import { jsonFence } from './prompted/json-fence.ts';
import { jsonList } from './prompted/json-list.ts';
import { jsonObject } from './prompted/json-object.ts';
import { jsonTags } from './prompted/json-tags.ts';
import { pythonFence } from './prompted/python-fence.ts';
import { pythonList } from './prompted/python-list.ts';
import { qwenFncall } from './prompted/qwen-fncall.ts';
import { react } from './prompted/react.ts';
import { xml } from './prompted/xml.ts';

/** Every format, native ones first; each bespoke, catalogue and prompted file has its line here. */
export const allFormats: readonly [ToolFormat, ...ToolFormat[]] = [
  // bespoke
  nano,
  // catalogue; of those that write calls alike, the first is taken
  hermes,
  apertus,
  apriel,
  commandA,
  commandAPlus,
  commandR,
  deepseekV3,
  deepseekV31,
  deepseekV32,
  deepseekV4,
  dots,
  ernie45,
  firefunctionV2,
  functionaryV32,
  functiongemma,
  gemma4,
  gigachat3,
  gigachat31,
  gigachat35,
  glm45,
  glm47,
  granite20b,
  granite3,
  granite31,
  granite4,
  harmony,
  hunyuanA13b,
  hy3,
  hy3Opensource,
  inkling,
  internlm25,
  jamba,
  k2Horizon,
  kimiK2,
  kimiK3,
  lfm2,
  lfm25,
  ling3,
  llama3Builtin,
  llama3Json,
  llama3User,
  llama4Pythonic,
  longcat,
  minicpm5,
  minimaxM1,
  minimaxM2,
  minimaxM3,
  mirothinker,
  mistralSmall32,
  mistralV11,
  mistralV3,
  muse,
  nemotronNano2,
  olmo3,
  phi4Mini,
  poolsideV1,
  pythonic,
  qwen3Coder,
  seedOss,
  solarOpen2,
  spark25,
  step3,
  step35,
  trinity,
  xlam,
  // prompted, the default first
  react,
  functionTags,
  invokeTags,
  jsonFence,
  jsonList,
  jsonObject,
  jsonTags,
  pythonFence,
  pythonList,
  qwenFncall,
  xml,
];

/** Names that vLLM and SGLang have for our formats, as far as they are not ours but for dots, dashes and underlines. */
export const aliases: Readonly<Record<string, string>> = {
  qwen: 'hermes',
  qwen25: 'hermes',
  'qwen2.5': 'hermes',
  qwen3: 'hermes',
  granite: 'granite-3.1',
  'granite-20b-fc': 'granite-20b',
  llama3: 'llama-3-json',
  llama4_json: 'llama-3-json',
  functionary_v31: 'llama-3-user',
  phi4_mini_json: 'phi-4-mini',
  mistral: 'mistral-v11',
  minimax: 'minimax-m1',
  hunyuan: 'hy-3-opensource',
  hy_v3: 'hy-3-opensource',
  qwen3_xml: 'qwen-3-coder',
  mimo: 'qwen-3-coder',
  step3p5: 'step-3.5',
  glm: 'glm-4.5',
  internlm: 'internlm-2.5',
  interns1: 'internlm-2.5',
  openai: 'harmony',
  'gpt-oss': 'harmony',
  cohere_command3: 'command-a',
  cohere_command4: 'command-a-plus',
  apertus2509: 'apertus',
  nemotron_v2: 'nemotron-nano-2',
};

/** Spellings differ in dots, dashes and underlines only. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

const byName: ReadonlyMap<string, ToolFormat> = new Map([
  ...Object.entries(aliases).flatMap(([alias, name]): [string, ToolFormat][] =>
    allFormats.filter((format) => format.name === name).map((format) => [plain(alias), format]),
  ),
  ...allFormats.map((format): [string, ToolFormat] => [plain(format.name), format]),
]);

/** The format of this name, in our spelling or in vLLM's or SGLang's. */
export function findFormat(name: string): ToolFormat | undefined {
  return byName.get(plain(name));
}
