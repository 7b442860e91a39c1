/** `aimindserve export` and `import`: all deployments and routes as one YAML file. */

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { ConfigError } from '../../base/errors.ts';
import type { Item } from './item.ts';
import type { RemoteRun } from './remote-command.ts';
import { type Column, tableOf } from './table.ts';

/** Writes them to a file, or to the standard output. */
export const exportDeployments: RemoteRun = async ({ client, words, surroundings }) => {
  const yaml = await client.text({ path: ['export'], headers: { accept: 'application/yaml' } });
  const [file] = words;
  if (file === undefined || file === '-') {
    surroundings.say(yaml.trimEnd());
    return 0;
  }
  const path = resolve(surroundings.folder, file);
  try {
    // Environments may hold what nobody else should read.
    writeFileSync(path, yaml, { mode: 0o600 });
  } catch (cause) {
    throw new ConfigError('invalid_config', `${path} cannot be written.`, { cause });
  }
  surroundings.say(`Wrote ${path}.`);
  return 0;
};

/** Reads them from a file and says what changes. */
export const importDeployments: RemoteRun = async ({ client, options, word, show, surroundings }) => {
  const body = await readYaml(word(0), surroundings.folder);
  const query = { dryRun: options.isSet('dry-run') || undefined };
  const answer = await client.ask({ method: 'POST', path: ['import'], query, body });
  show(answer.value, () => {
    const would = answer.isTrue('dryRun') ? 'would be ' : '';
    return tableOf(columns, [
      ...changesOf(answer, { kind: 'deployment', would }),
      ...changesOf(answer.at('routes'), { kind: 'route', would }),
    ]);
  });
  return 0;
};

function changesOf(
  report: Item,
  { kind, would }: { readonly kind: string; readonly would: string },
): readonly Change[] {
  return [
    ...report.texts('created').map((name) => ({ kind, name, what: `${would}created`, fields: '' })),
    ...report.items('updated').map((one) => {
      return { kind, name: one.text('name'), what: `${would}changed`, fields: one.text('fields') };
    }),
    ...report.texts('unchanged').map((name) => ({ kind, name, what: 'unchanged', fields: '' })),
  ];
}

interface Change {
  readonly kind: string;
  readonly name: string;
  readonly what: string;
  readonly fields: string;
}

const columns: ReadonlyArray<Column<Change>> = [
  { title: 'KIND', cell: ({ kind }) => kind },
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'RESULT', cell: ({ what }) => what },
  { title: 'FIELDS', cell: ({ fields }) => fields },
];

async function readYaml(file: string, folder: string): Promise<string> {
  if (file === '-') return textOf(process.stdin);
  const path = resolve(folder, file);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError('invalid_config', `${path} cannot be read.`, { cause });
  }
}
