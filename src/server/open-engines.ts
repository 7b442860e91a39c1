/** The engines of this server: the desk that finds and installs them, and the choice among them. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { randomHex, systemClock } from '../base/clock.ts';
import { createEmbeddedEngine } from '../engines/embedded/embedded.ts';
import { findGpuLibraries } from '../engines/embedded/gpu-libraries.ts';
import { createLlamaServerEngine, llamaServerKind } from '../engines/llama-server/llama-server.ts';
import { createOpenaiEngine } from '../engines/openai/openai.ts';
import { createVllmEngine, vllmKind } from '../engines/vllm/vllm.ts';
import { findSafetensors } from '../models/resolve-model.ts';
import type { ChangeFeed } from '../operating/change-feed.ts';
import type { DeviceDesk } from '../operating/device-desk.ts';
import type { Engines } from '../operating/engines.ts';
import { EngineDesk } from '../operating/installing/engine-desk.ts';
import { checkEngineWish } from '../operating/installing/install-check.ts';
import { installEnvironment } from '../operating/installing/install-environment.ts';
import { usersOfEngine } from '../operating/installing/users-of-engine.ts';
import type { KeptInstance } from '../operating/kept-instance.ts';
import { createOutbound } from '../outbound/http-client.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { runToEnd } from '../runtime/run-to-end.ts';
import { createEngines } from './choose-engine.ts';
import { createInstallers } from './create-installers.ts';
import type { Foundation } from './open-foundation.ts';
import type { ServerConfig } from './server-config.ts';

/** The engines, and how they are changed. */
export interface OpenEngines {
  readonly engines: Engines;
  readonly desk: EngineDesk;
  close(): Promise<void>;
}

/** What the engines stand on. */
interface EngineGround {
  readonly workerId: string;
  readonly outbound: Outbound;
  readonly devices: DeviceDesk;
  readonly others: ChangeFeed;
  /** All instances there are. */
  readonly kept: () => readonly KeptInstance[];
  /** Called when more can be placed than before. */
  readonly lookAgain: () => void;
}

/** How long a program may take to tell its version. */
const askMs = 60_000;

/** Nothing is looked for before it is needed. */
export function openEngines(config: ServerConfig, foundation: Foundation, ground: EngineGround): OpenEngines {
  // Our own processes on this machine: no proxy stands between.
  const loopback = createOutbound({ environment: {}, allowedHosts: () => ['127.0.0.1'], log: foundation.log });
  const desk = openDesk(config, foundation, ground);
  const engines = createEngines({
    embedded: createEmbeddedEngine(() => findGpuLibraries(join(foundation.dataFolder, 'engines'))),
    openai: createOpenaiEngine({ outbound: ground.outbound, clock: systemClock, randomHex }),
    vllm: {
      kind: vllmKind,
      make: (command, version) => createVllmEngine({ outbound: loopback, randomHex, command, version }),
    },
    llamaServer: {
      kind: llamaServerKind,
      make: (command, version) => createLlamaServerEngine({ outbound: loopback, randomHex, command, version }),
    },
    desk,
    accelerators: () => ground.devices.accelerators,
    isSafetensors: (path) => findSafetensors(path, process.cwd()) !== undefined,
  });
  const close = async (): Promise<void> => {
    await desk.close();
    await loopback.close();
  };
  return { engines, desk, close };
}

function openDesk(config: ServerConfig, foundation: Foundation, ground: EngineGround): EngineDesk {
  const { environment, vllmCommand, llamaServer } = config;
  const folder = join(foundation.dataFolder, 'engines');
  const given = installEnvironment(environment);
  return new EngineDesk({
    folder,
    workerId: ground.workerId,
    programs: {
      searchPath: environment['PATH'] ?? '',
      ask: (command, args) => runToEnd({ command, arguments: args, environment: given, patienceMs: askMs }),
      ...(vllmCommand !== undefined && { vllmCommand }),
      ...(llamaServer !== undefined && { llamaServer }),
    },
    installers: createInstallers(config, { log: foundation.log, driver: () => driverOf(ground.devices) }),
    check: checkEngineWish,
    usersOf: (engine) => usersOfEngine(engine, ground.kept()),
    environment: given,
    mark: `install-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`,
    newId: () => `eng_${randomHex(8)}`,
    clock: systemClock,
    log: foundation.log,
    changed: (id, type) => {
      ground.others.tell({ kind: 'engine', id, type });
      ground.lookAgain();
    },
    looked: ground.lookAgain,
  });
}

/** What NVIDIA's driver is called here; '?' = it is there and does not say. */
async function driverOf(devices: DeviceDesk): Promise<string | undefined> {
  const gpu = (await devices.view([])).find(({ kind }) => kind === 'cuda');
  return gpu && (gpu.driver ?? '?');
}
