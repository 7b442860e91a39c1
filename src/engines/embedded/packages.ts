/** llama.cpp's libraries for accelerators: which packages hold them, exactly, and what in them is needed. */

import { packageVersion } from './library-version.ts';

/** What libraries can be had for. */
export type LibraryAccelerator = 'cuda' | 'vulkan' | 'metal';

/** One archive: from npm (a tarball) or PyPI (a wheel), known by its hash, so that the registry need not be trusted. */
export interface LibraryArchive {
  readonly registry: 'npm' | 'pypi';
  /** As its registry calls it. */
  readonly package: string;
  /** The archive's file name. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** What of it is taken, by its path in the archive; the rest is addons of others and licences of parts not taken. */
  readonly wanted: RegExp;
  /** CUDA's own libraries lie apart: those of the system go before them. */
  readonly isRuntime: boolean;
}

/** What makes one accelerator work. */
export interface LibrarySet {
  readonly version: string;
  readonly accelerator: LibraryAccelerator;
  /** Later archives' files take the place of earlier ones'. */
  readonly archives: readonly LibraryArchive[];
  /** The oldest driver of NVIDIA that runs it. */
  readonly oldestDriver?: number;
}

const fromNpm = (name: string, sizeBytes: number, sha256: string): LibraryArchive => ({
  registry: 'npm',
  package: `@node-llama-cpp/${name}`,
  file: `${name}-${packageVersion}.tgz`,
  sizeBytes,
  sha256,
  wanted: /^package\/(bins\/.*\.so|LICENSE)$/,
  isRuntime: false,
});

const fromPypi = (name: string, file: string, sizeBytes: number, sha256: string): LibraryArchive => ({
  registry: 'pypi',
  package: name,
  file,
  sizeBytes,
  sha256,
  wanted: /\/lib\/lib(cudart|cublas|cublasLt)\.so\.\d+$/,
  isRuntime: true,
});

const cuda = fromNpm('linux-x64-cuda', 142_898_030, 'd6cd3ff39a43b024816952e0bc6452d6711608d26256ff6eb0fe8cf7ff55bb2c');

/** The packages declare glibc; macOS and Windows have no packages of this version. */
const linuxX64: readonly LibrarySet[] = [
  {
    version: packageVersion,
    accelerator: 'cuda',
    oldestDriver: 580,
    archives: [
      cuda,
      fromPypi(
        'nvidia-cuda-runtime',
        'nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
        2_243_632,
        '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
      ),
      fromPypi(
        'nvidia-cublas',
        'nvidia_cublas-13.1.1.3-py3-none-manylinux_2_27_x86_64.whl',
        423_138_758,
        '37936a16db8fe4ac1f065c2139360608a543a09275cb1a1af612e08cfa065436',
      ),
    ],
  },
  {
    version: packageVersion,
    accelerator: 'cuda',
    oldestDriver: 525,
    archives: [
      cuda,
      fromNpm('linux-x64-cuda-ext', 176_664_119, '1c4817215f51d0ebea37ea684a409a418e62cfb19fcbb5b6e0300e50c6ee9bee'),
      fromPypi(
        'nvidia-cuda-runtime-cu12',
        'nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
        3_493_179,
        '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
      ),
      fromPypi(
        'nvidia-cublas-cu12',
        'nvidia_cublas_cu12-12.9.3.13-py3-none-manylinux_2_27_x86_64.whl',
        581_217_458,
        'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
      ),
    ],
  },
  {
    version: packageVersion,
    accelerator: 'vulkan',
    archives: [
      fromNpm('linux-x64-vulkan', 24_311_427, 'e10577190fc4bd1649d3b655588e5c7a85fc6b6dbf7136fee596cbe9e25521e7'),
    ],
  },
];

const sets: Readonly<Record<string, readonly LibrarySet[]>> = { 'linux-x64': linuxX64 };

/** The sets for a machine such as `linux-x64`, the one to prefer first. */
export function librarySets(machine: string): readonly LibrarySet[] {
  return sets[machine] ?? [];
}

/** The one that this driver runs; of those that need none, the first. Undefined = there is none. */
export function pickLibrarySet(
  machine: string,
  accelerator: LibraryAccelerator,
  driver: string | undefined,
): LibrarySet | undefined {
  const installed = Number.parseInt(driver ?? '', 10);
  return librarySets(machine).find(
    (set) =>
      set.accelerator === accelerator &&
      (set.oldestDriver === undefined || Number.isNaN(installed) || installed >= set.oldestDriver),
  );
}
