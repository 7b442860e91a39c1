/** A model card: its front matter (YAML between `---` lines) and the text below it. */

import { parse } from 'yaml';
import { isObject } from '../../base/json.ts';

/** A README taken apart. */
export interface CardText {
  readonly markdown: string;
  readonly licence?: string;
  readonly baseModel?: string;
}

/** A README is read up to here. */
export const maxCardBytes = 256 * 1024;
/** Longest front matter that is read: the YAML reader takes quadratic time on hostile text. */
const maxFrontMatter = 16_384;

/** Takes a README apart; front matter that is no YAML says nothing. */
export function splitCard(readme: string): CardText {
  const text = readme.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const end = text.startsWith('---\n') ? text.indexOf('\n---\n', 3) : -1;
  if (end === -1) return { markdown: text };
  const said: Record<string, unknown> = end > maxFrontMatter ? {} : readYaml(text.slice(4, end));
  const licence = firstText(said['license_name']) ?? firstText(said['license']);
  const baseModel = firstText(said['base_model']);
  return {
    markdown: text.slice(end + 5).trimStart(),
    ...(licence === undefined ? {} : { licence }),
    ...(baseModel === undefined ? {} : { baseModel }),
  };
}

function readYaml(text: string): Record<string, unknown> {
  try {
    const value: unknown = parse(text, { maxAliasCount: 0, logLevel: 'error' });
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function firstText(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first.slice(0, 200) : undefined;
}
