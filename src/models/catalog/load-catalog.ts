/** Reads the catalogue that is shipped, or the file that an operator put in its place. */

import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Node } from 'yaml';
import { ConfigError, isAppError } from '../../base/errors.ts';
import type { Catalog, CatalogEntry, CatalogRepository, CatalogTemplate } from './catalog.ts';
import { largestCatalogBytes, parseYaml, YamlFields, type YamlFile } from './catalog-yaml.ts';

/** Beside the bundled weights in the package. */
const shippedCatalog = fileURLToPath(new URL('../../../models/catalog.yaml', import.meta.url));

const mostModels = 5_000;
const mostQuantisations = 100;
const patterns = {
  name: /^[a-z0-9][a-z0-9._-]*$/i,
  released: /^20\d\d-(0[1-9]|1[0-2])$/,
  quantisation: /^[\w-]+$/,
  repository: /^[\w.-]+\/[\w.-]+$/,
  sha256: /^[0-9a-f]{64}$/,
} as const;

/** The catalogue at `path` (`--model-catalog-file`), else the shipped one; a ConfigError names file, line and field. */
export function loadCatalog(path: string = shippedCatalog): Catalog {
  return parseCatalog(readText(path), basename(path));
}

function readText(path: string): string {
  try {
    if (statSync(path).size <= largestCatalogBytes) return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = isAppError(cause) || !(cause instanceof Error) ? '' : ` (${cause.message})`;
    throw new ConfigError('invalid_config', `The model catalogue '${path}' cannot be read${reason}.`, { cause });
  }
  throw new ConfigError('invalid_config', `The model catalogue '${path}' has more than ${largestCatalogBytes} bytes.`);
}

/** The catalogue in a YAML text. */
export function parseCatalog(text: string, name: string): Catalog {
  const file = parseYaml(text, name);
  const fields = new YamlFields(file.root, 'the file', file);
  const templates = readTemplates(fields.optional('templates'), file);
  const seen = new Set<string>();
  const entries = fields.list('models', mostModels).map((node, index) => {
    const entry = readEntry(new YamlFields(node, `models[${index}]`, file), templates);
    if (seen.has(entry.name.toLowerCase()))
      throw file.refuse(node, `models[${index}].name is there twice: '${entry.name}'`);
    seen.add(entry.name.toLowerCase());
    return entry;
  });
  fields.done();
  return { entries, templates: [...templates.values()] };
}

function readTemplates(node: Node | undefined, file: YamlFile): Map<string, CatalogTemplate> {
  if (node === undefined) return new Map();
  const named = new YamlFields(node, 'templates', file);
  return new Map(
    named.names().map((name) => {
      const fields = new YamlFields(named.required(name), `templates.${name}`, file);
      const sha256 = fields.text('sha256', patterns.sha256);
      const template = { name, sha256, format: fields.text('format', patterns.name), source: fields.text('source') };
      fields.done();
      return [name, template];
    }),
  );
}

function readEntry(fields: YamlFields, templates: ReadonlyMap<string, CatalogTemplate>): CatalogEntry {
  const huggingFace = readRepository(fields, 'huggingFace');
  const modelScope = readRepository(fields, 'modelScope');
  const template = readTemplate(fields, templates);
  const entry: CatalogEntry = {
    name: fields.text('name', patterns.name),
    family: fields.text('family'),
    released: fields.text('released', patterns.released),
    billions: fields.positive('billions'),
    ...(fields.optional('activeBillions') !== undefined && { activeBillions: fields.positive('activeBillions') }),
    licence: fields.text('licence'),
    context: fields.positive('context'),
    quantisations: fields.texts('quantisations', mostQuantisations),
    ...(huggingFace !== undefined && { huggingFace }),
    ...(modelScope !== undefined && { modelScope }),
    isBundled: fields.flag('bundled'),
    ...(template !== undefined && { template }),
  };
  if (!entry.isBundled && huggingFace === undefined && modelScope === undefined)
    throw fields.refuse(`${fields.path} needs 'huggingFace' or 'modelScope'`);
  const odd = entry.quantisations.find((quantisation) => !patterns.quantisation.test(quantisation));
  if (odd !== undefined) throw fields.refuse(`${fields.path}.quantisations cannot hold '${odd}'`);
  fields.done();
  return entry;
}

function readRepository(fields: YamlFields, name: string): CatalogRepository | undefined {
  const node = fields.optional(name);
  if (node === undefined) return undefined;
  const inner = new YamlFields(node, `${fields.path}.${name}`, fields.file);
  const found = { repository: inner.text('repository', patterns.repository), source: inner.text('source') };
  inner.done();
  return found;
}

function readTemplate(
  fields: YamlFields,
  templates: ReadonlyMap<string, CatalogTemplate>,
): CatalogTemplate | undefined {
  const node = fields.optional('template');
  if (node === undefined) return undefined;
  const name = fields.text('template');
  const template = templates.get(name);
  if (template === undefined)
    throw fields.refuse(`${fields.path}.template names none of the templates: '${name}'`, node);
  return template;
}
