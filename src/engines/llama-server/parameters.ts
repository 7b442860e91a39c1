/** llama-server's backend parameters: all are passed on as they were written, but those that are ours to give. */

import { RequestError } from '../../base/errors.ts';
import { type Flag, noFlag, readFlags } from '../../fleet/backend-words.ts';
import type { DeploymentSpec } from '../../fleet/deployment.ts';
import type { RunWishes } from '../engine.ts';
import { type GivenSettings, readSetting, runSettings, settleWishes } from '../run-settings.ts';

const model = 'The model is what the deployment says; change its source.';
const address = 'The server finds a free port of this machine and a secret for each start.';
const template = "Put the template's text into the deployment's chatTemplate: prompts are rendered here.";

/** Flags that nobody but us may give, and what to do instead. */
const ours: ReadonlyMap<string, string> = new Map([
  ...['host', 'port', 'api-key', 'api-key-file', 'api-prefix', 'ssl-key-file', 'ssl-cert-file'].map(because(address)),
  ...['a', 'alias'].map(because("Use the deployment's name and aliases.")),
  ...['m', 'model', 'mu', 'model-url', 'dr', 'docker-repo', 'models-dir', 'models-preset'].map(because(model)),
  ...['hf', 'hfr', 'hf-repo', 'hff', 'hf-file', 'hft', 'hf-token'].map(because(model)),
  ...['chat-template', 'chat-template-file'].map(because(template)),
]);

function because(reason: string): (name: string) => readonly [string, string] {
  return (name) => [name, reason];
}

/** vLLM's, which people paste along: calls are read here, by the parser that is named. */
const toolParser = 'tool-call-parser';
const needless = 'enable-auto-tool-choice';

/** Understands what we must know of them; throws RequestError at a word that is no flag, and at what is ours. */
export function readWishes(deployment: DeploymentSpec): RunWishes {
  const given: GivenSettings = new Map();
  const passed: string[] = [];
  const notes: string[] = [];
  let parser: string | undefined;
  for (const flag of readFlags(deployment.backendParameters)) {
    const { name, values, words, path } = flag;
    const reason = ours.get(name);
    if (reason !== undefined)
      throw new RequestError('invalid_value', `--${name} cannot be passed on. ${reason}`, { param: path });
    const setting = runSettings.find(({ spellings }) => spellings.includes(name));
    if (setting !== undefined && !isInWords(flag)) given.set(setting.setting, readSetting(onlyValue(flag), setting));
    else if (name === toolParser) parser = onlyValue(flag).values[0]?.word;
    else if (name === needless) notes.push(`--${name} has no effect here: tool calls work without it.`);
    else passed.push(...words);
    if (name === toolParser && values.length === 0)
      throw new RequestError('invalid_value', `--${toolParser} needs the name of a parser.`, { param: path });
  }
  return settleWishes(deployment, given, { passed, notes, ...(parser !== undefined && { toolParser: parser }) });
}

/** `--n-gpu-layers all` and `auto` are llama-server's own words. */
function isInWords({ values }: Flag): boolean {
  return values.length === 1 && /^(all|auto)$/.test(values[0]?.word ?? '');
}

function onlyValue(flag: Flag): Flag {
  const beyond = flag.values[1];
  if (beyond !== undefined) throw noFlag(beyond.word, beyond.path);
  return flag;
}
