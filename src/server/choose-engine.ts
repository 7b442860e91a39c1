/** Which engine runs a deployment here: by its backend, its source, and what is installed. */

import { RequestError, toAppError } from '../base/errors.ts';
import type { Engine, EngineKind, EngineName } from '../engines/engine.ts';
import { vllmPackages } from '../engines/vllm/packages.ts';
import type { Device } from '../fleet/device.ts';
import type { InstalledEngine } from '../fleet/engine.ts';
import { describeSource } from '../fleet/model-source.ts';
import { type Engines, type EngineWish, keyOfEngine, type MissingEngine } from '../operating/engines.ts';
import type { EngineDesk } from '../operating/installing/engine-desk.ts';
import { pickEngine } from '../operating/installing/pick-engine.ts';

/** How an engine is made of a program that was found. */
export interface EngineMaker {
  readonly kind: EngineKind;
  make(command: readonly string[], version: string): Engine;
}

/** What the choice depends on. */
export interface EngineWorld {
  readonly openai: Engine;
  readonly embedded: Engine;
  readonly vllm: EngineMaker;
  readonly llamaServer: EngineMaker;
  readonly desk: Pick<EngineDesk, 'known' | 'hasLlamaProgram'>;
  /** GPUs and the like; undefined = not read yet. The fleet looks again once they are. */
  readonly accelerators: () => readonly Device[] | undefined;
  /** Is there a folder of safetensors at this path? */
  readonly isSafetensors: (path: string) => boolean;
}

const looking: MissingEngine = { needs: 'It is being looked which engines are installed.' };

/** Makes the choice; engines of programs are made once for each program and version. */
export function createEngines(world: EngineWorld): Engines {
  const { openai, embedded, vllm, llamaServer, desk } = world;
  const made = new Map<string, Engine>();
  const make = (maker: EngineMaker, { command, version }: Pick<InstalledEngine, 'command' | 'version'>): Engine => {
    const key = JSON.stringify([maker.kind.name, version, command]);
    const engine = made.get(key) ?? maker.make(command, version);
    made.set(key, engine);
    return engine;
  };
  const kinds: Readonly<Record<EngineName, EngineKind>> = {
    openai,
    embedded,
    vllm: vllm.kind,
    'llama-box': llamaServer.kind,
  };
  return {
    kind: (wish) => kinds[nameOf(wish, world) ?? 'embedded'],
    choose(wish) {
      const name = nameOrNeed(wish, world);
      if (name === undefined) return looking;
      if (typeof name === 'object') return name;
      if (name === 'openai') return openai;
      if (name === 'embedded') return embedded;
      const { known } = desk;
      if (known === undefined) return looking;
      const found = pickEngine(known, name, wish.engineVersion);
      if (found !== undefined) return make(name === 'vllm' ? vllm : llamaServer, found);
      return { needs: `needs-engine: ${name === 'vllm' ? missingVllm(wish, known) : missingLlama(wish, known)}` };
    },
    find(key) {
      const own = [embedded, openai].find((engine) => keyOfEngine(engine) === key);
      if (own !== undefined) return own;
      const maker = [vllm, llamaServer].find(({ kind }) => key.startsWith(`${kind.name} `));
      // What runs goes on running, whether or not what it was started from is still there.
      return maker && make(maker, { command: [], version: key.slice(maker.kind.name.length + 1) });
    },
  };
}

/** What was deployed before, by a version that took it, must not stop others: it waits, and says what is wrong. */
function nameOrNeed(wish: EngineWish, world: EngineWorld): EngineName | MissingEngine | undefined {
  try {
    return nameOf(wish, world);
  } catch (thrown) {
    return { needs: toAppError(thrown).message };
  }
}

/** Undefined = it depends on what is not known yet. Throws RequestError where backend and source do not go together. */
function nameOf(wish: EngineWish, world: EngineWorld): EngineName | undefined {
  const { backend, source } = wish;
  if (source.kind === 'remote') {
    if (backend === 'auto' || backend === 'openai') return 'openai';
    throw refused(`The model is on a remote server: 'openai' asks it, not '${backend}'.`);
  }
  switch (backend) {
    case 'openai':
      throw refused(`The backend 'openai' asks remote servers; '${describeSource(source)}' is to be run here.`);
    case 'vllm':
      if (isGguf(wish)) throw refused(noGguf(wish));
      return 'vllm';
    case 'llama-box':
      return world.desk.hasLlamaProgram || wish.engineVersion !== undefined ? 'llama-box' : 'embedded';
    case 'embedded':
      return 'embedded';
    case 'auto':
      return source.kind === 'local' && !isGguf(wish) && world.isSafetensors(source.path)
        ? engineOfSafetensors(world)
        : 'embedded';
  }
}

/** vLLM where it is there and a GPU is; else they are converted once, for the embedded engine. */
function engineOfSafetensors({ desk, accelerators }: EngineWorld): EngineName | undefined {
  const devices = accelerators();
  if (devices === undefined) return undefined;
  if (!devices.some(({ kind }) => kind === 'cuda' || kind === 'rocm')) return 'embedded';
  if (desk.known === undefined) return undefined;
  const found = pickEngine(desk.known, 'vllm');
  return found === undefined || found.accelerator === 'cpu' ? 'embedded' : 'vllm';
}

/** Sources that are GGUF for certain; what else a repository holds, only its hub knows. */
function isGguf({ source }: EngineWish): boolean {
  switch (source.kind) {
    case 'bundled':
    case 'url':
    case 'catalogue':
      return true;
    case 'local':
      return /\.gguf$/i.test(source.path);
    case 'hub':
      return source.quantisation !== undefined || /\.gguf$/i.test(source.file ?? '');
    case 'remote':
      return false;
  }
}

function noGguf({ source }: EngineWish): string {
  return (
    `vLLM runs folders and repositories of safetensors, and '${describeSource(source)}' is a GGUF file: ` +
    "take the backend 'embedded', or name the original weights."
  );
}

/** What is missing, what it will cost, and the command that gets it. */
function missingVllm({ engineVersion }: EngineWish, known: readonly InstalledEngine[]): string {
  const all = known.filter(({ name }) => name === 'vllm');
  const coming = all.find(({ state }) => state === 'installing');
  if (coming !== undefined) return `vLLM is being installed (${coming.reason}).`;
  const others = all.filter(({ state }) => state === 'ready').map(({ version }) => version);
  const broken = all.find(({ state, origin }) => state === 'failed' && origin !== 'installed');
  const option = engineVersion === undefined ? '' : ` --version ${engineVersion}`;
  return [
    `vLLM${engineVersion === undefined ? '' : ` ${engineVersion}`} is not installed on this machine.`,
    ...(others.length === 0 ? [] : [`Installed: ${others.join(', ')}.`]),
    ...(broken === undefined ? [] : [broken.reason]),
    `To install it: aimindserve engine install vllm${option} (with a GPU ${costOf('cuda')}; without one ${costOf('cpu')}).`,
  ].join(' ');
}

function costOf(accelerator: 'cuda' | 'cpu'): string {
  const { downloadGb, diskGb, minutes } = vllmPackages[accelerator];
  return `about ${downloadGb} GB to download, ${diskGb} GB of disk, ${minutes} minutes`;
}

function missingLlama({ engineVersion }: EngineWish, known: readonly InstalledEngine[]): string {
  const programs = known.filter(({ name }) => name === 'llama-box');
  const found = programs.map(({ command, version, reason }) => reason || `${command.join(' ')} is version ${version}.`);
  const wanted = engineVersion === undefined ? '' : ` of version ${engineVersion}`;
  return [
    `No llama-server or llama-box${wanted} can be used here.`,
    ...found,
    "Name another with --llama-server, or take the backend 'embedded'.",
  ].join(' ');
}

function refused(message: string): RequestError {
  return new RequestError('invalid_value', message, { param: 'backend' });
}
