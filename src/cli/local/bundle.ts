/** `bundle create` and `bundle load`: the program and its models as one file, for machines without a network. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { showBytes } from '../remote/figures.ts';
import { addLocalCommand, type LocalDraft, type LocalSurroundings } from './local-command.ts';

const create: LocalDraft = {
  usage: 'create',
  description: 'pack this program, the packages and libraries it needs, and models, for a machine of the same kind',
  example: 'bundle create --model Qwen/Qwen3-8B-GGUF:Q4_K_M --output /media/stick/aimindserve.tar',
  flags: [
    ['--output <file>', 'where to write it (default: named after version and platform, here)'],
    ['--model <names...>', 'models that were fetched, by name or source, or files by their path'],
    ['--engine <names...>', 'installed libraries of the embedded engine, for GPUs: llama'],
    ['--wheels <folder>', 'Python wheels of an engine, as pip download leaves them'],
  ],
  async run({ dataFolder, options, surroundings }) {
    const { makeBundle } = await import('../../server/bundle/bundle-tools.ts');
    const at = (path: string | undefined) => (path === undefined ? undefined : resolve(surroundings.folder, path));
    const [output, wheels] = [at(options.text('output')), at(options.text('wheels'))];
    const { path, sizeBytes, sha256 } = await makeBundle({
      ...{
        dataFolder,
        folder: surroundings.folder,
        models: options.list('model'),
        engines: options.list('engine'),
        tell: surroundings.warn,
      },
      ...(output !== undefined && { output }),
      ...(wheels !== undefined && { wheels }),
    });
    surroundings.say(`${path}   ${showBytes(sizeBytes)}   sha256 ${sha256}`);
    surroundings.warn(`There:  tar xf ${path.split(/[\\/]/).at(-1)} && sh aimindserve-bundle/install.sh`);
    return 0;
  },
};

const load: LocalDraft = {
  usage: 'load <path>',
  description: 'check a bundle (a file, or the folder it was unpacked to) and put its models into the data directory',
  example: 'bundle load /media/stick/aimindserve.tar',
  async run({ dataFolder, words, surroundings }) {
    const { takeBundle } = await import('../../server/bundle/bundle-tools.ts');
    const path = resolve(surroundings.folder, words[0] ?? '');
    const { manifest, written, found } = await takeBundle(path, dataFolder, surroundings.warn);
    surroundings.say(`Every checksum is right: ${written.length} files written, ${found.length} were there already.`);
    for (const { name, files } of manifest.models) surroundings.say(`${name}   ${join(dataFolder, files[0] ?? '')}`);
    if (manifest.models.length > 0) surroundings.warn('A running server knows them after aimindserve restart.');
    return 0;
  },
};

/** Adds them. */
export function addBundleCommands(program: Command, local: LocalSurroundings): void {
  const bundle = program.command('bundle').description('carry this program and its models to machines without network');
  for (const draft of [create, load]) addLocalCommand(bundle, draft, local);
}
