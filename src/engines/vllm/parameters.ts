/** vLLM's backend parameters: which of them are ours to give, which say how an instance runs, which are passed on. */

import { RequestError } from '../../base/errors.ts';
import { type Flag, readFlags } from '../../fleet/backend-words.ts';
import type { DeploymentSpec } from '../../fleet/deployment.ts';
import type { RunWishes } from '../engine.ts';
import { type GivenSettings, type RunSetting, readSetting, settleWishes } from '../run-settings.ts';

/** Where it listens, under which names and with which secret: decided for each life. */
const reserved: readonly string[] = [
  'host',
  'port',
  'uds',
  'root-path',
  'api-key',
  'ssl-keyfile',
  'ssl-certfile',
  'served-model-name',
  'model',
  'headless',
  'grpc',
];

const settings: readonly RunSetting[] = [
  { setting: 'contextSize', spellings: ['max-model-len'], least: 1 },
  { setting: 'parallel', spellings: ['max-num-seqs'], least: 1 },
];

/** Understands them; throws RequestError at those that are ours, and at values that are none. */
export function readWishes(deployment: DeploymentSpec): RunWishes {
  const given: GivenSettings = new Map();
  const passed: string[] = [];
  const notes: string[] = [];
  let toolParser: string | undefined;
  for (const flag of readFlags(deployment.backendParameters)) {
    refuseReserved(flag);
    const setting = settings.find(({ spellings }) => spellings.includes(flag.name));
    // `auto` and `32k` are vLLM's to understand.
    if (setting !== undefined && isNumber(flag)) given.set(setting.setting, readSetting(flag, setting));
    if (flag.name === 'tool-call-parser') toolParser = flag.values[0]?.word;
    const withheld = deployment.toolCalls === 'engine' ? undefined : withheldFlags.get(flag.name);
    if (withheld === undefined) passed.push(...flag.words);
    else notes.push(withheld);
  }
  return settleWishes(deployment, given, { passed, notes, ...(toolParser !== undefined && { toolParser }) });
}

/** With one, vLLM binds no grammar before reasoning has ended, and on raw completions never (vllm#57726). */
const withheldFlags: ReadonlyMap<string, string> = new Map([
  [
    'reasoning-parser',
    '--reasoning-parser is handled by aiMindServe and not passed on: with it, vLLM would not keep to grammars. ' +
      'It takes effect with toolCalls: engine.',
  ],
]);

function isNumber({ values }: Flag): boolean {
  return /^-?\d+$/.test(values[0]?.word ?? '');
}

/** Its command line takes any unique beginning of a long flag for the whole. */
function refuseReserved({ name, path }: Flag): void {
  const own = reserved.find((flag) => flag === name || (flag.startsWith(name) && name.length > 1));
  if (own === undefined) return;
  const message = `--${own} is set by aiMindServe for each start; leave it out.`;
  throw new RequestError('invalid_value', message, { param: path });
}
