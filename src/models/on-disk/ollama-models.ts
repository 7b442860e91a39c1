/** Models that Ollama has fetched: manifests by name, which name the file of the weights by its hash. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FoundFile, walkFolder } from './walk-folder.ts';

/** A model in Ollama's words and where its weights are. */
export interface OllamaModel {
  /** As `ollama list` prints it. */
  readonly name: string;
  /** Absent if the manifest names no weights that can be served. */
  readonly blob?: string;
  readonly problem?: string;
}

/** `application/vnd.ollama.image.…`, as Ollama's `server/images.go` names layers. */
const layerKind = 'application/vnd.ollama.image.';
const largestManifest = 1 << 20;

/** What the folder (`OLLAMA_MODELS`) holds; layout as in Ollama's `server/modelpath.go`. */
export async function readOllamaModels(folder: string, signal: AbortSignal) {
  const { files, isComplete } = await walkFolder(join(folder, 'manifests'), () => true, signal);
  const models: OllamaModel[] = [];
  for (const file of files) {
    const name = nameOf(file.below);
    if (name === undefined || signal.aborted) continue;
    models.push({ name, ...(await readManifest(file, folder)) });
  }
  return { models, isComplete };
}

/** `REGISTRY/NAMESPACE/NAME/TAG`; what is usual is left out. */
function nameOf(below: string): string | undefined {
  const parts = below.split('/');
  const [registry, namespace, name, tag] = parts;
  if (parts.length !== 4 || name === undefined || tag === undefined) return undefined;
  const named = `${name}:${tag}`;
  if (registry !== 'registry.ollama.ai') return `${registry}/${namespace}/${named}`;
  return namespace === 'library' ? named : `${namespace}/${named}`;
}

async function readManifest(file: FoundFile, folder: string): Promise<Omit<OllamaModel, 'name'>> {
  const layers = file.sizeBytes > largestManifest ? undefined : await readLayers(file.path);
  if (layers === undefined) return { problem: 'Its manifest cannot be read.' };
  const kinds = layers.map(({ kind }) => kind);
  if (kinds.includes('adapter')) return { problem: 'It is an adapter (LoRA) on top of other weights.' };
  const digest = layers.find(({ kind }) => kind === 'model')?.digest ?? '';
  const [, hash] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hash === undefined) return { problem: 'Its manifest names no GGUF file.' };
  return { blob: join(folder, 'blobs', `sha256-${hash}`) };
}

async function readLayers(path: string): Promise<Array<{ kind: string; digest: string }> | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path, 'utf8'));
    const layers = isRecord(manifest) && Array.isArray(manifest.layers) ? manifest.layers : undefined;
    return layers?.filter(isRecord).map(({ mediaType, digest }) => ({
      kind: typeof mediaType === 'string' && mediaType.startsWith(layerKind) ? mediaType.slice(layerKind.length) : '',
      digest: typeof digest === 'string' ? digest : '',
    }));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
