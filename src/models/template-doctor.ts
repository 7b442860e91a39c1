/** Says whether a model's chat template is a good one: names what is known or seen to be wrong with it, and changes nothing. */

import type { Catalog, CatalogEntry, CatalogTemplate } from './catalog/catalog.ts';
import { betterTemplates, type KnownFault, knownFaults, leftOutByDesign, type Printed } from './known-templates.ts';
import { hashTemplate } from './template-hash.ts';

/** What is known of a model and its template before it serves. */
export interface TemplateFacts {
  /** What the model is called: in its header, by its file, by its repository. */
  readonly names: readonly string[];
  /** The Jinja text; absent = the file holds none. */
  readonly template?: string;
  /** What dry-rendering has shown; absent = it was not rendered. */
  readonly abilities?: Readonly<Record<Printed, boolean>>;
}

/** `current` = known and without known fault; `unknown` = nothing is known for or against it. */
export interface TemplateDiagnosis {
  readonly verdict: 'current' | 'outdated' | 'broken' | 'unknown';
  readonly reason: string;
  /** What an operator can do. */
  readonly fix?: string;
  /** Where it was read. */
  readonly source?: string;
}

/** The worst that can be said of it. */
export function examineTemplate(facts: TemplateFacts, catalog: Catalog): TemplateDiagnosis {
  const { template } = facts;
  const entry = entryOf(facts.names, catalog);
  if (template === undefined || template.trim() === '') return missing(entry);
  const sha256 = hashTemplate(template);
  const fault = knownFaults.find(({ recognised }) => isRecognised(recognised, template, sha256));
  if (fault !== undefined) return told(fault);
  const known = catalog.templates.find((one) => one.sha256 === sha256);
  // What the model's own template leaves out, its format writes.
  const isOwn = known !== undefined && known.name === entry?.template?.name;
  const seen = isOwn ? undefined : faultSeen(facts, entry);
  return seen ?? compared(known, entry?.template);
}

/** Without a fault: the template's own name, and whether it is the one that is known of this model. */
function compared(known: CatalogTemplate | undefined, own: CatalogTemplate | undefined): TemplateDiagnosis {
  if (known !== undefined && (own === undefined || own.name === known.name))
    return { verdict: 'current', reason: `It is the known template '${known.name}'.`, source: known.source };
  const what =
    known === undefined ? 'It is none of the templates that are known' : `It is the known template '${known.name}'`;
  if (own === undefined) return { verdict: 'unknown', reason: `${what}; no fault was found.` };
  const reason = `${what}, while '${own.name}' is known of this model; no fault was found.`;
  return { verdict: 'unknown', reason, source: own.source };
}

function missing(entry: CatalogEntry | undefined): TemplateDiagnosis {
  const origin = entry?.template?.source ?? "the model's own repository (chat_template.jinja or tokenizer_config.json)";
  return {
    verdict: 'broken',
    reason: 'The file holds no chat template.',
    fix: `Take the template of ${origin}, and give it as --chat-template FILE.`,
  };
}

function isRecognised(recognised: KnownFault['recognised'], template: string, sha256: string): boolean {
  if ('sha256' in recognised) return recognised.sha256 === sha256;
  return template.includes(recognised.holds) && !template.includes(recognised.lacks);
}

function told({ verdict, reason, fix, source }: KnownFault): TemplateDiagnosis {
  return { verdict, reason, fix, source };
}

/** The worst loss first. */
const inWords: ReadonlyArray<readonly [Printed, string]> = [
  ['tools', 'the tools'],
  ['toolResults', 'what tools answered'],
  ['toolCalls', 'the calls that were made'],
  ['system', 'the system message'],
];

/** What is seen to get lost when it is rendered, if there is a template of this model that is known to lose nothing. */
function faultSeen(
  { names, abilities }: TemplateFacts,
  entry: CatalogEntry | undefined,
): TemplateDiagnosis | undefined {
  const given = names.map(plain);
  const better = betterTemplates.find(({ model }) => given.some((name) => model.test(name)));
  const own = entry?.template;
  const fix = better?.fix ?? (own && `Take the template of ${own.source}, and give it as --chat-template FILE.`);
  if (abilities === undefined || fix === undefined) return undefined;
  const byDesign = leftOutByDesign[own?.name ?? ''] ?? [];
  const lost = inWords.find(([what]) => !abilities[what] && !byDesign.includes(what))?.[1];
  if (lost === undefined) return undefined;
  const reason = `It never prints ${lost}, although there is a template of this model that does.`;
  return { verdict: 'broken', reason, fix, ...(better !== undefined && { source: better.source }) };
}

/** The entry of the catalogue that a name holds; the longest, so that `qwen3-4b-instruct-2507` is not `qwen3-4b`. */
function entryOf(names: readonly string[], { entries }: Catalog): CatalogEntry | undefined {
  const given = names.map(plain).filter((name) => !/\b(?:base|pretrain|embedding|reranker)\b/.test(name));
  const matching = entries.filter((entry) => given.some((name) => `-${name}-`.includes(`-${plain(entry.name)}-`)));
  return matching.sort((a, b) => b.name.length - a.name.length)[0];
}

function plain(name: string): string {
  return name
    .slice(0, 500)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
}
