/** Reads YAML from a stranger field by field; every complaint names the line. */

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { ConfigError } from '../../base/errors.ts';

/** Far more than a list of models needs. */
export const largestCatalogBytes = 1 << 20;
const longestText = 500;

/** A file that was parsed: its root, and what can be done with any part of it. */
export interface YamlFile {
  readonly root: Node | null;
  /** A complaint about one place. */
  refuse(node: Node | null | undefined, complaint: string): ConfigError;
  /** What an alias stands for; any other node is itself. */
  resolve(node: Node): Node | undefined;
}

/** A ConfigError if it is no YAML at all. */
export function parseYaml(text: string, file: string): YamlFile {
  if (Buffer.byteLength(text) > largestCatalogBytes)
    throw wrong(file, undefined, `it has more than ${largestCatalogBytes} bytes`);
  const lineCounter = new LineCounter();
  const document = parseSafely(text, file, lineCounter);
  const [error] = document.errors;
  if (error !== undefined) throw wrong(file, lineCounter.linePos(error.pos[0]).line, firstLine(error.message));
  const targets = aliasTargets(document);
  return {
    root: document.contents,
    refuse: (node, complaint) => {
      const offset = node?.range?.[0];
      return wrong(file, offset === undefined ? undefined : lineCounter.linePos(offset).line, complaint);
    },
    resolve: (node) => (isAlias(node) ? targets.get(node) : node),
  };
}

/** What each alias stands for: the last node before it with that anchor. They are never unfolded as a whole. */
function aliasTargets(document: ReturnType<typeof parseDocument>): ReadonlyMap<Node, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  visit(document, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** The parser calls itself for each level. */
function parseSafely(text: string, file: string, lineCounter: LineCounter) {
  try {
    return parseDocument(text, { lineCounter, uniqueKeys: true, logLevel: 'silent' });
  } catch (cause) {
    throw wrong(file, undefined, 'it nests too deep', cause);
  }
}

function wrong(file: string, line: number | undefined, complaint: string, cause?: unknown): ConfigError {
  const place = line === undefined ? '' : `, line ${line}`;
  return new ConfigError('invalid_config', `The model catalogue '${file}'${place}: ${complaint}.`, { cause });
}

function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/ at line \d+, column \d+:?$/, '').replace(/[.:]$/, '');
}

/** The fields of one map, each asked for by name; `done` complains about those nobody asked for. */
export class YamlFields {
  readonly node: Node | undefined;
  readonly path: string;
  readonly file: YamlFile;
  readonly #values = new Map<string, Node | null>();
  readonly #asked = new Set<string>();

  constructor(node: Node | null | undefined, path: string, file: YamlFile) {
    this.node = node ? file.resolve(node) : undefined;
    this.path = path;
    this.file = file;
    if (!isMap(this.node)) throw this.refuse(`${path} must be a map of fields`, node);
    for (const { key, value } of this.node.items) {
      if (!isScalar(key) || !(value === null || isNode(value))) throw this.refuse(`${path} has a key that is no word`);
      this.#values.set(String(key.value), value);
    }
  }

  /** A complaint about this map, or about `node` in it. */
  refuse(complaint: string, node: Node | null | undefined = this.node): ConfigError {
    return this.file.refuse(node, complaint);
  }

  names(): string[] {
    return [...this.#values.keys()];
  }

  /** The node of a field; null and absent are the same. */
  optional(name: string): Node | undefined {
    this.#asked.add(name);
    const value = this.#values.get(name);
    const node = value ? this.file.resolve(value) : undefined;
    return isScalar(node) && node.value === null ? undefined : node;
  }

  required(name: string): Node {
    const node = this.optional(name);
    if (node === undefined) throw this.refuse(`${this.path} lacks '${name}'`);
    return node;
  }

  text(name: string, pattern = /\S/): string {
    return this.asText(this.required(name), `${this.path}.${name}`, pattern);
  }

  positive(name: string): number {
    const node = this.required(name);
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.refuse(`${this.path}.${name} must be a number above 0`, node);
  }

  flag(name: string): boolean {
    const node = this.optional(name);
    if (node === undefined) return false;
    if (isScalar(node) && typeof node.value === 'boolean') return node.value;
    throw this.refuse(`${this.path}.${name} must be true or false`, node);
  }

  list(name: string, most: number): Node[] {
    const node = this.required(name);
    if (!isSeq(node) || node.items.length === 0)
      throw this.refuse(`${this.path}.${name} must be a list, not empty`, node);
    if (node.items.length > most) throw this.refuse(`${this.path}.${name} has more than ${most} items`, node);
    return node.items.filter(isNode).flatMap((item) => this.file.resolve(item) ?? []);
  }

  texts(name: string, most: number): string[] {
    return this.list(name, most).map((node, index) => this.asText(node, `${this.path}.${name}[${index}]`, /\S/));
  }

  done(): void {
    const unknown = this.names().find((name) => !this.#asked.has(name));
    if (unknown !== undefined)
      throw this.refuse(
        `${this.path} has a field that is not known: '${unknown}'`,
        this.#values.get(unknown) ?? this.node,
      );
  }

  private asText(node: Node, path: string, pattern: RegExp): string {
    // A name may look like a number (`released: 2025-04` does not, `name: 7` does).
    const value = isScalar(node) ? (typeof node.value === 'number' ? node.source : node.value) : undefined;
    if (typeof value !== 'string' || value.length > longestText) throw this.refuse(`${path} must be a text`, node);
    if (!pattern.test(value)) throw this.refuse(`${path} cannot be '${value}'`, node);
    return value;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value;
}
