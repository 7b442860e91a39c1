/** The installers of engines, each read when it is first used. */

import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { EngineWish } from '../fleet/engine.ts';
import type { Installer } from '../operating/installing/install-job.ts';
import type { LibraryWorld } from '../operating/installing/install-libraries.ts';
import { downloadFile } from '../outbound/download.ts';
import { createOutbound } from '../outbound/http-client.ts';
import { readFreeBytes } from '../outbound/part-file.ts';
import type { ServerConfig } from './server-config.ts';

/** What they must know of the machine. */
interface InstallerGround {
  readonly log: Log;
  /** The driver of NVIDIA's GPUs; undefined = there is none. */
  readonly driver: () => Promise<string | undefined>;
}

/** Makes them. */
export function createInstallers(
  config: Pick<ServerConfig, 'environment' | 'caFile'>,
  { log, driver }: InstallerGround,
): Readonly<Record<EngineWish['name'], Installer>> {
  return {
    async vllm(wish, tools) {
      const { createVllmInstaller } = await import('../operating/installing/install-vllm.ts');
      return createVllmInstaller({ driver, freeBytes: readFreeBytes })(wish, tools);
    },
    async 'llama-libraries'(wish, tools) {
      const [{ createLibrariesInstaller }, { pickLibrarySet }, { readTar }] = await Promise.all([
        import('../operating/installing/install-libraries.ts'),
        import('../engines/embedded/packages.ts'),
        import('./bundle/bundle-tar.ts'),
      ]);
      const machine = `${process.platform}-${process.arch}`;
      const setFor: LibraryWorld['setFor'] = (accelerator, driver) => pickLibrarySet(machine, accelerator, driver);
      const hosts = new Set<string>();
      const { environment, caFile } = config;
      const outbound = createOutbound({
        ...{ environment, log, allowedHosts: () => [...hosts] },
        ...(caFile !== undefined && { caFile }),
      });
      const install = createLibrariesInstaller({
        ...{ outbound, driver, readTar, setFor },
        allow: (host) => hosts.add(host),
        fetchFile: (file, signal, onProgress) =>
          downloadFile({ outbound, clock: systemClock }, { ...file, signal, onProgress }),
      });
      try {
        return await install(wish, tools);
      } finally {
        await outbound.close();
      }
    },
  };
}
